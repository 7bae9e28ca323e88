"""A3: servers that refuse to be asked for usage are asked without, and what they say is counted from the text."""

import aiohttp
import orjson
import pytest

from models_registry.upstream.errors import Rejected
from models_registry.upstream.openai.chat_completions import OpenAIAdapter
from models_registry.upstream.wire.http import open_session
from tests.models_registry.upstream.raw_server import RawServer, serving, streamed, whole
from tests.models_registry.upstream.spellings import SPELLINGS, TEXT
from tests.models_registry.upstream.test_contract import collected, framed, said

pytestmark = pytest.mark.anyio
SPELLING = SPELLINGS["openai"]
STREAM = streamed(framed([*SPELLING.pieces, SPELLING.finish, SPELLING.mark]))
REFUSAL = whole(b'{"error": {"message": "Extra inputs are not permitted: stream_options"}}', "422 Odd")
MESSAGES = [{"role": "user", "content": "Hello"}]


def sent(server: RawServer) -> list[bool]:
    """Whether usage was asked for, by request."""
    bodies = [orjson.loads(request.partition(b"\r\n\r\n")[2]) for request in server.requests]
    assert all(body["stream"] for body in bodies)
    return ["stream_options" in body for body in bodies]


async def streams(session: aiohttp.ClientSession, server: RawServer, **options: bool) -> None:
    content = {"messages": MESSAGES, **({"stream_options": options} if options else {})}
    chunks = await collected(OpenAIAdapter(session), server, content=content)
    assert said(chunks) == TEXT


async def test_a_server_that_refuses_to_be_asked_is_asked_without_and_from_then_on_at_once() -> None:
    async with open_session() as session, serving([REFUSAL], STREAM) as server:
        adapter = OpenAIAdapter(session)
        for options in ({}, {"stream_options": {"include_usage": True}}):
            chunks = await collected(adapter, server, content={"messages": MESSAGES, **options})
            assert said(chunks) == TEXT
            assert [chunk.usage for chunk in chunks if chunk.usage] == []
        assert sent(server) == [True, False, False]
        assert len(await collected(OpenAIAdapter(session), server)) > 0, "another process asks for itself"
        assert sent(server)[-1] is True


async def test_another_refusal_is_one_and_so_is_that_of_an_option_of_the_clients_own() -> None:
    other = whole(b'{"error": {"message": "no", "param": "messages"}}', "400 Bad")
    for refusal, options in ((other, {}), (REFUSAL, {"include_obfuscation": False})):
        async with open_session() as session, serving([refusal], STREAM) as server:
            with pytest.raises(Rejected):
                await streams(session, server, **options)
            assert sent(server) == [True]
