"""The how-tos for a new upstream and a new client dialect, done: the modules are taken from the pages, and talk to each other."""

import re
import types
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from models_registry.types import Usage
from models_registry.upstream.base import Adapter
from models_registry.upstream.errors import Rejected, Unreachable
from models_registry.upstream.wire import http
from routerhub.gateway import pipeline
from routerhub.gateway.protocols.base import ChatProtocol, Client
from routerhub.gateway.protocols.openai_chat import PROTOCOL as OPENAI_CHAT
from tests.gateway.fakes import KEY, FakeUpstream, Said, again, chunk, completion, rankings, request, runtime
from tests.models_registry.upstream.raw_server import serving, streamed, whole
from tests.models_registry.upstream.test_contract import asked

pytestmark = pytest.mark.anyio
HOWTO = Path(__file__).parents[2] / "docs" / "howto"
SAID = {"words": "Hello!", "heard": 10, "said": 20}
EVENTS = [b'data: {"words": "Hel"}\n\n', b'data: {"words": "lo!"}\n\ndata: {"over": true, "heard": 10, "said": 20}\n\n']


def module(page: str) -> Any:
    """The Python module that a page shows."""
    (code,) = re.findall(r"```python\n(.*?)```", (HOWTO / page).read_text(), re.DOTALL)
    made = types.ModuleType(page)
    exec(compile(code, page, "exec"), made.__dict__)  # noqa: S102 - our own page
    return made


@pytest.fixture
async def parrot() -> AsyncIterator[Adapter]:
    async with http.open_session() as session:
        yield adapter(session)


def adapter(session: aiohttp.ClientSession) -> Adapter:
    made: Adapter = module("add-an-upstream.md").ADAPTER(session)
    return made


TELEGRAMS: ChatProtocol = module("add-a-client-protocol.md").PROTOCOL


# --- the upstream alone


async def test_the_new_upstream_is_asked_in_its_own_words(parrot: Adapter) -> None:
    async with serving([whole(orjson.dumps(SAID))]) as server:
        answer = await parrot.complete(asked(server))
        sent = server.requests[0]
    assert (answer.choices[0].text, answer.usage) == ("Hello!", Usage(input_tokens=10, output_tokens=20))
    assert b"POST /v1/talk" in sent
    assert b"X-Cracker: sk-1" in sent
    assert orjson.loads(sent.partition(b"\r\n\r\n")[2]) == {"parrot": "m", "words": "Hello", "most": 50, "live": False}


async def test_its_stream_is_complete_by_its_own_mark_alone(parrot: Adapter) -> None:
    async with serving(streamed(*EVENTS), streamed(EVENTS[0])) as server:
        text = [piece.choices[0].text async for piece in parrot.stream(asked(server))]
        assert "".join(text) == "Hello!"
        with pytest.raises(Unreachable):
            [piece async for piece in parrot.stream(asked(server))]


async def test_what_it_cannot_do_is_refused_with_the_reason(parrot: Adapter) -> None:
    with pytest.raises(Rejected, match="tools: A parrot has nothing like it") as caught:
        await parrot.complete(asked(None, content={"messages": [], "tools": [{}]}))
    assert caught.value.was_sent is False


# --- every client with every upstream


async def served(protocol: ChatProtocol, upstream: Adapter, body: dict[str, Any], address: str = "http://x") -> bytes:
    """What the client of a gateway gets, around this upstream."""
    catalogue = rankings().catalogue
    providers = {"acme": replace(catalogue.providers["acme"], base_url=address)}
    met = again(rankings(), catalogue=replace(catalogue, providers=providers))
    reply = await pipeline.serve(
        runtime(upstream, met=met), protocol, {"x-api-key": KEY}, orjson.dumps(body), Client(ip=None, user_agent="")
    )
    return reply.body if isinstance(reply.body, bytes) else b"".join([piece async for piece in reply.body])


TELEGRAM = {"to": "acme:small", "text": "Hello", "words": 50}
CHAT = {"model": "acme:small", "messages": [{"role": "user", "content": "Hello"}]}


async def test_the_new_client_is_served_by_openais_dialect() -> None:
    answer = orjson.loads(await served(TELEGRAMS, FakeUpstream(completion()), TELEGRAM))
    assert (answer["from"], answer["text"], answer["words"]) == ("acme:small", "Hello!", 20)
    assert answer["routerhub"]["cost_usd"] == "0.000007"


async def test_and_its_stream_too() -> None:
    script: list[Said] = [chunk("Hel"), chunk("lo!"), chunk(finish="stop", usage=(10, 20))]
    events = (await served(TELEGRAMS, FakeUpstream(script), {**TELEGRAM, "live": True})).decode().split("\n\n")
    texts = [orjson.loads(event.removeprefix("data: ")) for event in events if event]
    assert [each.get("text") for each in texts] == ["Hel", "lo!", None]
    assert (texts[-1]["words"], texts[-1]["routerhub"]["usage_estimated"]) == (20, False)


async def test_the_new_upstream_serves_openais_clients(parrot: Adapter) -> None:
    async with serving([whole(orjson.dumps(SAID))]) as server:
        answer = orjson.loads(await served(OPENAI_CHAT, parrot, CHAT, server.address))
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": "Hello!"}
    assert (answer["usage"]["completion_tokens"], answer["object"]) == (20, "chat.completion")


async def test_and_their_streams_too(parrot: Adapter) -> None:
    async with serving(streamed(*EVENTS)) as server:
        events = (await served(OPENAI_CHAT, parrot, {**CHAT, "stream": True}, server.address)).decode().split("\n\n")
    chunks = [orjson.loads(event.removeprefix("data: ")) for event in events if event and event != "data: [DONE]"]
    assert [each["choices"][0]["delta"] for each in chunks] == [
        {"role": "assistant", "content": "Hel"}, {"content": "lo!"}, {},
    ]  # fmt: skip
    assert (chunks[-1]["choices"][0]["finish_reason"], chunks[-1]["routerhub"]["usage_estimated"]) == ("stop", False)


async def test_the_new_client_is_served_by_the_new_upstream(parrot: Adapter) -> None:
    async with serving([whole(orjson.dumps(SAID))]) as server:
        answer = orjson.loads(await served(TELEGRAMS, parrot, TELEGRAM, server.address))
    assert (answer["text"], answer["words"]) == ("Hello!", 20)


def test_the_new_client_is_told_what_is_wrong_in_its_own_words() -> None:
    made = TELEGRAMS.read(orjson.dumps(TELEGRAM), {})
    assert (made.dialect, made.native, made.max_output_tokens) == ("telegram", TELEGRAM, 50)
    assert request().dialect == "openai"
