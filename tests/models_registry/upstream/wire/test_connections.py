"""Connections to upstreams that lie about where an answer ends, or close half of it: nobody ever reads what was another's."""

import asyncio

import pytest

from models_registry.upstream.errors import UpstreamError
from models_registry.upstream.registry import open_adapters
from models_registry.upstream.wire.http import open_session
from tests.models_registry.upstream.raw_server import HALF, STAY, Step, head, serving, streamed, whole
from tests.models_registry.upstream.spellings import SPELLINGS, TEXT
from tests.models_registry.upstream.test_contract import asked, collected, framed, said

pytestmark = pytest.mark.anyio
EVERY = pytest.mark.parametrize("protocol", sorted(SPELLINGS))


@EVERY
async def test_what_comes_behind_an_answer_is_nobodys(protocol: str) -> None:
    """A22: a second answer that nobody asked for, or a length that is too short, by which the first one is broken."""
    told = SPELLINGS[protocol]
    smuggled = whole(told.answer.replace(TEXT.encode(), b"smuggled"))
    for more, texts in ((smuggled, [TEXT, TEXT, TEXT]), (b"leftovers", ["Failed", TEXT, TEXT])):
        async with open_session() as session, serving([whole(told.answer) + more], [whole(told.answer)]) as server:
            adapter, found = open_adapters(session)[protocol], []
            for _ in texts:
                try:
                    found.append((await adapter.complete(asked(server))).choices[0].text)
                except UpstreamError as error:
                    found.append(error.kind)
            assert (found, server.connections) == (texts, 2)


@EVERY
async def test_a_stream_whose_server_closes_its_half_after_the_end_is_whole(protocol: str) -> None:
    told = SPELLINGS[protocol]
    body = framed([*told.pieces, told.finish, told.usage, told.mark])
    scripts: list[list[Step]] = [
        [*streamed(body), HALF, STAY],
        [head(kind="text/event-stream"), body, HALF, STAY],
    ]
    for steps in scripts:
        async with open_session() as session, serving(steps) as server:
            chunks = await asyncio.wait_for(collected(open_adapters(session)[protocol], server), 1)
            assert said(chunks) == TEXT
            await asyncio.wait_for(server.gone.wait(), 1)
