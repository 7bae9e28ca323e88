"""What every adapter does, whatever a server sends: each against a server that speaks its dialect well and badly."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import aiohttp
import pytest

from models_registry.upstream.base import Adapter, Chunk, UpstreamRequest
from models_registry.upstream.errors import (
    CredentialBad,
    Failed,
    Overloaded,
    Rejected,
    TimedOut,
    Unreachable,
    UpstreamError,
)
from models_registry.upstream.registry import open_adapters
from models_registry.upstream.wire import http, sse
from tests.models_registry.upstream.raw_server import (
    CLOSE,
    HALF,
    RESET,
    STAY,
    RawServer,
    Step,
    head,
    serving,
    slowly,
    streamed,
    whole,
)
from tests.models_registry.upstream.spellings import SPELLINGS, TEXT, Spelling

pytestmark = pytest.mark.anyio
SILENT: list[list[Step]] = [[STAY], [head(Content_Length=9), STAY]]
"""Before the head, and within the body."""


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with http.open_session() as session:
        yield session


@pytest.fixture(params=sorted(SPELLINGS))
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def adapter(protocol: str, session: aiohttp.ClientSession) -> Adapter:
    return open_adapters(session)[protocol]


@pytest.fixture
def spelling(protocol: str) -> Spelling:
    return SPELLINGS[protocol]


def asked(server: RawServer | None, **changes: Any) -> UpstreamRequest:
    values: dict[str, Any] = {
        "provider": "acme", "address": server.address if server else "http://127.0.0.1:9/v1", "api_key": "sk-1", "model": "m",
        "content": {"messages": [{"role": "user", "content": "Hello"}]}, "max_output_tokens": 50, "connect_s": 1.0,
        "idle_s": 1.0, "total_s": 2.0,
    }  # fmt: skip
    return UpstreamRequest(**{**values, **changes})


async def error_of(adapter: Adapter, *steps: Step, **changes: Any) -> UpstreamError:
    """How a whole answer fails, and that asking for a stream fails the same way."""
    async with serving(steps) as server:
        with pytest.raises(UpstreamError) as caught:
            await adapter.complete(asked(server, **changes))
        with pytest.raises(type(caught.value)):
            await collected(adapter, server, **changes)
    return caught.value


async def collected(
    adapter: Adapter, server: RawServer, chunks: list[Chunk] | None = None, **changes: Any
) -> list[Chunk]:
    """All chunks, put into `chunks` as they come."""
    chunks = [] if chunks is None else chunks
    async for chunk in adapter.stream(asked(server, **changes)):
        chunks.append(chunk)
    return chunks


async def streams(adapter: Adapter, *steps: Step, **changes: Any) -> list[Chunk]:
    async with serving(steps) as server:
        return await collected(adapter, server, **changes)


def said(chunks: Sequence[Chunk]) -> str:
    return "".join(choice.text for chunk in chunks for choice in chunk.choices)


def framed(events: Sequence[bytes], end: bytes = b"\n", prefix: bytes = b"data: ") -> bytes:
    return b"".join(prefix + event + end + end for event in events)


def complete(spelling: Spelling) -> list[bytes]:
    return [*spelling.pieces, spelling.finish, spelling.usage, spelling.mark]


async def test_every_adapter_is_tested(session: aiohttp.ClientSession) -> None:
    assert set(open_adapters(session)) == set(SPELLINGS)


# --- whole answers


async def test_an_answer_is_read_in_whatever_pieces_it_comes(adapter: Adapter, spelling: Spelling) -> None:
    packed = gzip.compress(spelling.answer)
    scripts: list[list[Step]] = [
        [whole(spelling.answer)],
        slowly(whole(spelling.answer)),
        [head() + spelling.answer, CLOSE],
        [whole(packed, Content_Encoding="gzip")],
    ]
    for steps in scripts:
        async with serving(steps) as server:
            answer = await adapter.complete(asked(server))
            assert (answer.choices[0].text, answer.choices[0].finish, answer.usage) == (TEXT, "stop", spelling.used)


async def test_the_key_goes_to_that_address_and_with_that_model(adapter: Adapter, spelling: Spelling) -> None:
    async with serving([whole(spelling.answer)]) as server:
        await adapter.complete(asked(server))
        (sent,) = server.requests
        assert b"sk-1" in sent
        assert spelling.model in sent
        assert b"aiohttp" not in sent.lower(), "what we run on is nobody's business"


@pytest.mark.parametrize(
    ("status", "kind", "may_retry"),
    [
        ("400 Bad", Rejected, False), ("401 Who", CredentialBad, True), ("402 Pay", CredentialBad, True),
        ("403 No", CredentialBad, True), ("404 What", Failed, True), ("408 Slow", TimedOut, True),
        ("413 Large", Rejected, False), ("422 Odd", Rejected, False), ("429 Busy", Overloaded, True),
        ("500 Oh", Failed, True), ("502 Oh", Failed, True), ("503 Busy", Overloaded, True), ("504 Slow", TimedOut, True),
        ("529 Busy", Overloaded, True),
    ],
)  # fmt: skip
async def test_a_status_becomes_the_error_it_stands_for_in_the_upstreams_words(
    adapter: Adapter, spelling: Spelling, status: str, kind: type[UpstreamError], may_retry: bool
) -> None:
    error = await error_of(adapter, whole(spelling.refusal, status, Retry_After="1.5"))
    assert (type(error), error.may_retry, error.status) == (kind, may_retry, int(status[:3]))
    assert (str(error), error.code, error.param, error.retry_after_s) == ("no", "c", "p", 1.5)
    assert (error.was_sent, error.was_refused) == (True, True)


async def test_a_refusal_in_any_bytes_can_be_told(adapter: Adapter) -> None:
    error = await error_of(adapter, b"HTTP/1.1 500 \xff\xfe\r\nContent-Length: 0\r\n\r\n")
    assert str(error).encode() == b"It answered 500 ??."


async def test_a_refusal_in_another_shape_keeps_its_status(adapter: Adapter) -> None:
    for body in (b"<html>", b"", b"[]", b'"x"', b"{}", b"\xff", b"x" * 200_000):
        error = await error_of(adapter, whole(body, "503 Busy"))
        assert (type(error), str(error)) == (Overloaded, "It answered 503 Busy.")
    cut = await error_of(adapter, head("429 Busy", Content_Length=100), b"{", CLOSE)
    assert type(cut) is Overloaded


async def test_an_error_that_comes_as_a_success_is_the_refusal_that_it_means(
    adapter: Adapter, spelling: Spelling
) -> None:
    error = await error_of(adapter, whole(spelling.error_in_place_of_an_answer))
    assert (type(error), str(error), error.status, error.was_refused) == (Overloaded, "no", 429, True)


async def test_a_redirect_is_not_followed(adapter: Adapter, spelling: Spelling) -> None:
    async with serving([whole(spelling.answer)]) as elsewhere:
        for status in ("301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"):
            error = await error_of(adapter, whole(b"", status, Location=f"{elsewhere.address}/chat/completions"))
            assert (type(error), error.was_refused) == (Failed, True)
        assert elsewhere.requests == [], "the key went nowhere else"


async def test_a_success_without_an_answer_is_a_failure(adapter: Adapter) -> None:
    for steps in (
        [b"HTTP/1.1 204 No Content\r\n\r\n"],
        [whole(b"")],
        [whole(b"<html>")],
        [whole(b"[]")],
        [whole(b'{"a": "\xff"}')],
    ):
        error = await error_of(adapter, *steps)
        assert (type(error), error.was_refused) == (Failed, False), "it may have worked all the same"


async def test_what_is_not_http_is_a_failure(adapter: Adapter) -> None:
    for said in (b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n"):
        assert type(await error_of(adapter, said, CLOSE)) is Failed


async def test_a_connection_that_breaks_is_unreachable_after_it_was_sent(adapter: Adapter, spelling: Spelling) -> None:
    half = head(Content_Length=len(spelling.answer)) + spelling.answer[:20]
    scripts: list[list[Step]] = [[CLOSE], [RESET], [half, CLOSE], [half, RESET], [HALF, STAY], [half, HALF, STAY]]
    for steps in scripts:
        error = await error_of(adapter, *steps)
        assert (type(error), error.was_sent, error.was_refused) == (Unreachable, True, False)


async def test_nobody_there_is_unreachable_and_nothing_was_sent(adapter: Adapter) -> None:
    for address in ("http://127.0.0.1:9/v1", "http://nowhere.invalid/v1"):
        with pytest.raises(Unreachable) as caught:
            await adapter.complete(asked(None, address=address))
        assert caught.value.was_sent is False


async def test_silence_is_a_time_out_in_every_phase(adapter: Adapter, spelling: Spelling) -> None:
    """F3: by the idle limit or by the total one."""
    for steps in SILENT:
        for limits in ({"idle_s": 0.1}, {"total_s": 0.1}):
            began = time.monotonic()
            error = await error_of(adapter, *steps, **limits)
            assert (type(error), error.was_sent) == (TimedOut, True)
            assert time.monotonic() - began < 1


async def test_drops_that_keep_coming_do_not_outlive_the_total_limit(adapter: Adapter) -> None:
    drops: list[Step] = [b" ", 0.05] * 99
    error = await error_of(adapter, head(Content_Length=99), *drops, total_s=0.3)
    assert type(error) is TimedOut


async def test_answers_are_bounded_also_when_they_are_packed(adapter: Adapter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 100_000)
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 60_000
    for steps in ([whole(b" " * 100_001)], [whole(bomb, Content_Encoding="gzip")]):
        async with serving(steps) as server:
            with pytest.raises(Failed, match="longer than 100,000 bytes"):
                await adapter.complete(asked(server))


# --- streams


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("prefix", [b"data: ", b"data:"])
async def test_events_are_the_same_in_whatever_frame_and_pieces_they_come(
    adapter: Adapter, spelling: Spelling, end: bytes, prefix: bytes
) -> None:
    """A9, A11 to A13: comments, other fields, empty events and a mark at the beginning are passed over."""
    noise = b": OPENROUTER PROCESSING" + end + end + b"event: ping" + end + b"data:" + end + end
    body = b"\xef\xbb\xbf" + noise + framed(complete(spelling), end, prefix) + noise
    for steps in (streamed(body), slowly(*streamed(body)), slowly(head(kind="text/event-stream"), body, CLOSE)):
        chunks = await streams(adapter, *steps)
        assert said(chunks) == TEXT
        assert [chunk.usage for chunk in chunks if chunk.usage] == [spelling.used]


async def test_an_event_of_several_lines_is_one(adapter: Adapter, spelling: Spelling) -> None:
    first, *others = [event.replace(b", ", b",\ndata: ", 1) for event in spelling.pieces]
    body = framed([first, *others, spelling.finish, spelling.mark])
    assert said(await streams(adapter, *streamed(body))) == TEXT


@pytest.mark.parametrize("has_finish", [True, False])
@pytest.mark.parametrize("has_mark", [True, False])
async def test_a_stream_is_complete_by_its_finish_or_by_its_mark_and_only_without_both_broken(
    adapter: Adapter, spelling: Spelling, has_finish: bool, has_mark: bool
) -> None:
    """A7"""
    events = [*spelling.pieces, *([spelling.finish] if has_finish else []), *([spelling.mark] if has_mark else [])]
    async with serving(streamed(framed(events))) as server:
        if has_finish or has_mark:
            assert said(await collected(adapter, server)) == TEXT
        else:
            with pytest.raises(Unreachable, match="before it was done"):
                await collected(adapter, server)


async def test_a_stream_that_has_finished_ends_though_its_connection_stays_or_breaks(
    adapter: Adapter, spelling: Spelling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "LINGER_S", 0.1)
    body = framed([*spelling.pieces, spelling.finish])
    for last in (STAY, RESET, CLOSE):
        began = time.monotonic()
        assert said(await streams(adapter, *streamed(body)[:-1], last)) == TEXT
        assert time.monotonic() - began < 0.9


async def test_usage_after_the_finish_is_read_however_it_comes(adapter: Adapter, spelling: Spelling) -> None:
    """A2"""
    events = [*spelling.pieces, spelling.finish]
    chunks = await streams(adapter, *streamed(framed(events), framed([spelling.usage]), framed([spelling.mark])))
    assert [chunk.usage for chunk in chunks if chunk.usage] == [spelling.used]


async def test_half_an_event_at_the_end_is_none(adapter: Adapter, spelling: Spelling) -> None:
    """A6"""
    body = framed(spelling.pieces) + b'data: {"id": "half'
    seen: list[Chunk] = []
    async with serving([*streamed(body)[:-1], CLOSE]) as server:
        with pytest.raises(Unreachable):
            await collected(adapter, server, seen)
    assert said(seen) == TEXT


async def test_an_error_within_a_stream_is_raised_after_what_came(adapter: Adapter, spelling: Spelling) -> None:
    seen: list[Chunk] = []
    async with serving(streamed(framed([*spelling.pieces, spelling.error]))) as server:
        with pytest.raises(UpstreamError, match="no") as caught:
            await collected(adapter, server, seen)
    assert (said(seen), caught.value.was_refused) == (TEXT, True)


@pytest.mark.parametrize(
    "event", [b"{broken", b"[]", b'{"a": "\xff"}', b"null", b'{"choices": 7}', b'{"choices": [7]}']
)
async def test_an_event_that_makes_no_sense_is_a_failure(adapter: Adapter, spelling: Spelling, event: bytes) -> None:
    with pytest.raises(Failed):
        await streams(adapter, *streamed(framed([*spelling.pieces, event, spelling.finish])))


async def test_an_answer_in_place_of_a_stream_is_a_stream_of_one(adapter: Adapter, spelling: Spelling) -> None:
    """A21"""
    (chunk,) = await streams(adapter, whole(spelling.answer))
    assert (said([chunk]), chunk.choices[0].finish, chunk.usage, chunk.has_content) == (
        TEXT,
        "stop",
        spelling.used,
        True,
    )


async def test_a_page_in_place_of_a_stream_is_a_failure(adapter: Adapter) -> None:
    with pytest.raises(Failed):
        await streams(adapter, whole(b"<html>", kind="text/html"))


async def test_events_and_streams_are_bounded(
    adapter: Adapter, spelling: Spelling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 10_000)
    with pytest.raises(Failed, match="event of its stream is too long"):
        await streams(adapter, *streamed(b"data: " + b" " * 20_000), STAY)
    monkeypatch.setattr(http, "MAX_STREAM_BYTES", 100_000)
    with pytest.raises(Failed, match="longer than 100,000 bytes"):
        await streams(adapter, *streamed(*[b": " + b"x" * 1_000 + b"\n\n"] * 200), STAY)


# --- who leaves, and connections


async def test_who_leaves_closes_the_connection_in_every_phase(adapter: Adapter, spelling: Spelling) -> None:
    """A20: while the head is waited for, within an answer, and within a stream."""
    begun = [*streamed(framed(spelling.pieces))[:-1], STAY]
    for steps in SILENT:
        async with serving(steps) as server:
            waiting = asyncio.ensure_future(adapter.complete(asked(server)))
            await server.asked.wait()
            waiting.cancel()
            await asyncio.wait_for(server.gone.wait(), 1)
    async with serving(begun) as server:
        async with aclosing(adapter.stream(asked(server))) as chunks:
            assert (await anext(chunks)).has_content
        await asyncio.wait_for(server.gone.wait(), 1)
    async with serving(begun) as server:
        reading = asyncio.ensure_future(collected(adapter, server))
        await server.asked.wait()
        await asyncio.sleep(0.05)
        reading.cancel()
        await asyncio.wait_for(server.gone.wait(), 1)


async def test_a_connection_that_was_read_to_its_end_is_used_again(adapter: Adapter, spelling: Spelling) -> None:
    async with serving(streamed(framed(complete(spelling))), [whole(spelling.answer)]) as server:
        assert said(await collected(adapter, server)) == TEXT
        await adapter.complete(asked(server))
        await adapter.complete(asked(server))
        assert (len(server.requests), server.connections) == (3, 1)


async def test_one_that_was_left_is_not_so_that_nobody_reads_anothers_answer(
    adapter: Adapter, spelling: Spelling
) -> None:
    """A22"""
    async with serving(
        [*streamed(framed(spelling.pieces))[:-1], 0.05, b"leftovers"], [whole(spelling.answer)]
    ) as server:
        async with aclosing(adapter.stream(asked(server))) as chunks:
            await anext(chunks)
        answer = await adapter.complete(asked(server))
        assert (answer.choices[0].text, server.connections) == (TEXT, 2)
