"""Adapters against real servers on loopback that speak the protocol, well and badly."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from models_registry.sandbox.script import BadScript, answer
from models_registry.sandbox.script import read as read_script
from models_registry.types import Usage
from models_registry.upstream import openai
from models_registry.upstream.errors import (
    CredentialBad,
    Failed,
    Overloaded,
    Rejected,
    TimedOut,
    Unreachable,
    UpstreamError,
)
from models_registry.upstream.sse import EventParser

EVENTS = b': hello\r\ndata: {"a": 1}\r\n\r\ndata: one\ndata: two\n\nevent: x\ndata:last\n\n'


@given(st.lists(st.integers(1, 30), max_size=40))
def test_events_are_the_same_in_whatever_pieces_they_come(sizes: list[int]) -> None:
    found: list[bytes] = []
    parser, rest = EventParser(), EVENTS
    for size in [*sizes, len(EVENTS)]:
        found += parser.feed(rest[:size])
        rest = rest[size:]
    assert found == [b'{"a": 1}', b"one\ntwo", b"last"]


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[openai.Call]:
    """A server with one address, and a call to it."""
    application = web.Application()
    application.router.add_post("/v1/chat/completions", handler)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield openai.Call(
            url=f"http://127.0.0.1:{port}/v1", api_key="k", payload={"model": "m"}, timeout_s=0.5, idle_timeout_s=0.5
        )
    finally:
        await runner.cleanup()


async def error_of(handler: Handler) -> UpstreamError:
    async with serving(handler) as call, openai.open_session() as session:
        with pytest.raises(UpstreamError) as caught:
            await openai.complete(session, call)
        return caught.value


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "kind", "may_retry"),
    [
        (400, Rejected, False), (401, CredentialBad, True), (402, CredentialBad, True), (404, Failed, True),
        (408, TimedOut, True), (413, Rejected, False), (422, Rejected, False), (429, Overloaded, True),
        (500, Failed, True), (503, Overloaded, True), (504, TimedOut, True), (529, Overloaded, True),
    ],
)  # fmt: skip
async def test_a_status_becomes_the_error_it_stands_for(
    status: int, kind: type[UpstreamError], may_retry: bool
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "no"}}, status=status, headers={"Retry-After": "1.5"})

    error = await error_of(refuse)
    assert type(error) is kind
    assert (error.status, error.may_retry, str(error), error.retry_after_s) == (status, may_retry, "no", 1.5)


@pytest.mark.anyio
async def test_an_answer_that_is_not_the_protocol_is_a_failure() -> None:
    for body in (b"<html>", b"[]", b'{"choices": 3}'):

        async def talk(_: web.Request, body: bytes = body) -> web.Response:
            return web.Response(body=body)

        assert type(await error_of(talk)) is Failed


@pytest.mark.anyio
async def test_silence_is_a_time_out_and_nobody_there_is_unreachable() -> None:
    async def sleep(_: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    assert type(await error_of(sleep)) is TimedOut
    async with openai.open_session() as session:
        call = openai.Call(url="http://127.0.0.1:9/v1", api_key="", payload={}, timeout_s=1, idle_timeout_s=1)
        with pytest.raises(Unreachable):
            await openai.complete(session, call)


@pytest.mark.anyio
async def test_a_stream_without_its_closing_mark_is_broken_after_what_came() -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b'data: {"choices": [1]}\n\n')
        return response

    async with serving(half) as call, openai.open_session() as session:
        chunks = openai.stream(session, call)
        assert await anext(chunks) == {"choices": [1]}
        with pytest.raises(Unreachable, match="before it was done"):
            await anext(chunks)


@pytest.mark.anyio
async def test_the_key_and_the_payload_are_sent() -> None:
    seen: list[Any] = []

    async def note(request: web.Request) -> web.Response:
        seen.append((request.headers["Authorization"], await request.json()))
        return web.json_response({"choices": []})

    async with serving(note) as call, openai.open_session() as session:
        assert await openai.complete(session, call) == {"choices": []}
    assert seen == [("Bearer k", {"model": "m"})]


@pytest.mark.parametrize("raw", [None, 5, {}, {"prompt_tokens": 1}, {"prompt_tokens": -1, "completion_tokens": 1}])
def test_usage_that_makes_no_sense_is_none(raw: object) -> None:
    assert openai.read_usage(raw) is None


def test_usage_is_read_with_its_parts() -> None:
    raw = {
        "prompt_tokens": 100, "completion_tokens": 50, "prompt_tokens_details": {"cached_tokens": 80},
        "completion_tokens_details": {"reasoning_tokens": 30},
    }  # fmt: skip
    assert openai.read_usage(raw) == Usage(
        input_tokens=100, output_tokens=50, cache_read_tokens=80, reasoning_tokens=30
    )


@pytest.mark.parametrize(
    "raw",
    [
        5,
        {"latency": 1},
        {"latency_ms": -1},
        {"output_tokens": True},
        {"fail": {"status": 200}},
        {"fail": {"break": "x"}},
    ],
)
def test_a_script_of_nonsense_is_refused(raw: object) -> None:
    with pytest.raises(BadScript, match="sandbox"):
        read_script(raw)


def test_the_sandbox_marks_its_answer_and_keeps_to_the_limit() -> None:
    tokens, finish = answer(read_script({"output_tokens": 50}), 10)
    assert (tokens[0], len(tokens), finish) == ("[sandbox]", 10, "length")
