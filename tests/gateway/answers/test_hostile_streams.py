"""Whatever a stream of any upstream dialect brings, a client of any dialect gets an explicit end and pays what is right. In
process, by bytes; what needs sockets is in tests/faults."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import aiohttp
import orjson
import pytest

from models_registry.upstream.wire import sse
from tests.gateway.exchange import CHAT
from tests.gateway.spoken import ASKED, EVENTS, MESSAGES, Heard, Spoken, heard
from tests.models_registry.upstream.fake_session import Piece
from tests.models_registry.upstream.spellings import SPELLINGS, TEXT, Spelling

pytestmark = pytest.mark.anyio
HUGE = 2 * 10**18
PROMPT = 6
"""Tokens of "Hello", where nobody tells."""
COUNTED = 2
"""Tokens of TEXT, where nobody tells."""
SEEN = PROMPT * 1_000 + COUNTED * 3_000
NOTHING: Mapping[str, Sequence[bytes]] = {
    "openai": [
        b'{"choices": []}', b'{"choices": [{}]}', b'{"choices": [{"index": 0, "delta": null}], "usage": null}',
        b'{"choices": [{"index": 0, "delta": {"content": null, "tool_calls": null, "refusal": null}, "finish_reason": null}]}',
        b'{"choices": [{"index": 0, "delta": {"tool_calls": []}}]}', b"",
    ],
    "openai-responses": [
        b'{"type": "response.in_progress", "response": null}', b'{"type": "response.unheard_of"}',
        b'{"type": "response.output_text.delta", "delta": null}', b'{"type": "response.output_item.added", "item": null}', b"",
    ],
    "anthropic": [
        b'{"type": "ping"}', b'{"type": "unheard_of"}', b'{"type": "content_block_delta", "index": 0, "delta": null}',
        b'{"type": "message_delta", "delta": {}, "usage": null}', b"",
    ],
    "google": [
        b'{"candidates": []}', b'{"candidates": [{"content": null}]}', b'{"candidates": null, "usageMetadata": null}',
        b'{"candidates": [{"content": {"parts": [null, {}, {"text": null}]}}]}', b"",
    ],
}  # fmt: skip
"""Events that say nothing."""


@pytest.fixture(params=sorted(SPELLINGS))
def upstream(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=sorted(ASKED))
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def framed(events: Sequence[bytes], end: bytes = b"\n", prefix: bytes = b"data: ") -> bytes:
    return b"".join([prefix + event + end + end for event in events])


def singly(body: bytes) -> list[Piece]:
    return [body[at : at + 1] for at in range(len(body))]


def asked(path: str) -> dict[str, Any]:
    options = {"stream_options": {"include_usage": True}} if path == CHAT else {}
    return {**ASKED[path], **options, "stream": True}


async def ask(path: str, upstream: str, *pieces: Piece, kind: str = EVENTS) -> tuple[Spoken, dict[str, Any]]:
    exchange = Spoken(upstream, pieces, kind)
    await exchange.ask(asked(path), path)
    return exchange, await exchange.ended()


async def streamed(path: str, upstream: str, *pieces: Piece, kind: str = EVENTS) -> tuple[Heard, dict[str, Any]]:
    """What the client heard, and the record: both tell the same cost."""
    exchange, record = await ask(path, upstream, *pieces, kind=kind)
    assert exchange.status == 200, exchange.body
    found = heard(path, exchange.body)
    assert found.cost_nano == record["cost_nano"], "G11"
    return found, record


# --- odd, and whole all the same


def end_of(told: Spelling) -> list[bytes]:
    return [told.finish, told.usage, told.mark]


WHOLE: Mapping[str, Callable[[Spelling, str], list[Piece]]] = {
    "as it should be": lambda told, _: [framed([*told.pieces, *end_of(told)])],
    "one byte at a time": lambda told, _: singly(framed([*told.pieces, *end_of(told)])),
    "with CR": lambda told, _: singly(framed([*told.pieces, *end_of(told)], b"\r")),
    "with CR and LF, without a space": lambda told, _: singly(framed([*told.pieces, *end_of(told)], b"\r\n", b"data:")),
    "with a mark at its beginning": lambda told, _: singly(b"\xef\xbb\xbf" + framed([*told.pieces, *end_of(told)])),
    "with comments and other fields": lambda told, _: [
        framed([*told.pieces, *end_of(told)], prefix=b": PROCESSING\n\nid: 1\nretry: 5\nevent: x\ndata\nnonsense\n\ndata: ")
    ],
    "with events that say nothing": lambda told, name: [
        framed([*NOTHING[name], told.pieces[0], *NOTHING[name], *told.pieces[1:], *end_of(told)])
    ],
    "with its usage told twice": lambda told, _: [framed([*told.pieces, told.finish, told.usage, told.usage, told.mark])],
    "with its usage before its end": lambda told, _: [framed([*told.pieces, told.usage, told.finish, told.mark])],
    "with two ends": lambda told, _: [framed([*told.pieces, told.finish, *end_of(told)])],
    "without a mark": lambda told, _: [framed([*told.pieces, told.finish, told.usage])],
    "without a finish": lambda told, _: [framed([*told.pieces, told.usage, told.mark])],
    "with a connection that breaks after its end": lambda told, _: [
        framed([*told.pieces, told.finish, told.usage]), aiohttp.ClientPayloadError("cut")
    ],
}  # fmt: skip


@pytest.mark.parametrize("how", WHOLE)
async def test_a_stream_is_whole_however_oddly_it_comes(path: str, upstream: str, how: str) -> None:
    """A1 to A4, A7, A9, A11 to A13"""
    told = SPELLINGS[upstream]
    found, record = await streamed(path, upstream, *WHOLE[how](told, upstream))
    assert (found.text, found.ending) == (TEXT, "complete")
    assert (record["outcome"], record["is_usage_estimated"], record["error"]) == ("success", False, "")
    assert (record["input_tokens"], record["output_tokens"], record["cost_nano"]) == (10, 20, 10 * 1_000 + 20 * 3_000)
    cached = told.used.cache_read_tokens + told.used.cache_write_tokens if path == MESSAGES else 0
    assert found.usage == (10 - cached, 20), "B4: what was cached is no part of the input there"


async def test_a_whole_answer_in_place_of_a_stream_is_one(path: str, upstream: str) -> None:
    """A21"""
    found, record = await streamed(path, upstream, SPELLINGS[upstream].answer, kind="application/json")
    assert (found.text, found.ending, record["cost_nano"]) == (TEXT, "complete", 70_000)


# --- what it used


def with_counts(event: bytes, change: Callable[[int], Any]) -> bytes:
    """The event with other counts of tokens."""

    def changed(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: changed(each, key) for key, each in value.items()}
        return change(value) if isinstance(value, int) and "token" in name.lower() else value

    return orjson.dumps(changed(orjson.loads(event))) if event.startswith(b"{") else event


@pytest.mark.parametrize(
    "change", [lambda _: -1, lambda _: HUGE, str, lambda n: n + 0.5, lambda _: None, lambda _: [1]]
)
async def test_usage_that_cannot_be_is_counted_from_the_text_and_marked(
    path: str, upstream: str, change: Callable[[int], Any]
) -> None:
    told = SPELLINGS[upstream]
    found, record = await streamed(
        path, upstream, framed([*told.pieces, told.finish, with_counts(told.usage, change), told.mark])
    )
    assert_counted(found, record)


async def test_usage_that_nobody_tells_is_counted_from_the_text_and_marked(path: str, upstream: str) -> None:
    """G2"""
    told = SPELLINGS[upstream]
    found, record = await streamed(path, upstream, framed([*told.pieces, told.finish, told.mark]))
    assert_counted(found, record)


def assert_counted(found: Heard, record: Mapping[str, Any]) -> None:
    assert (found.ending, record["outcome"], record["is_usage_estimated"]) == ("complete", "success", True)
    assert (record["input_tokens"], record["output_tokens"], record["cost_nano"]) == (PROMPT, COUNTED, SEEN)
    assert found.usage == (PROMPT, COUNTED)


async def test_a_usage_of_zero_is_not_a_missing_one(path: str, upstream: str) -> None:
    """G2"""
    told = SPELLINGS[upstream]
    nothing = with_counts(told.usage, lambda _: 0)
    found, record = await streamed(path, upstream, framed([*told.pieces, told.finish, nothing, told.mark]))
    assert (found.usage, record["cost_nano"], record["is_usage_estimated"]) == ((0, 0), 0, False)


# --- broken after something came


def of_error(told: Spelling) -> list[Piece]:
    return [framed([told.error])]


BROKEN: Mapping[str, Callable[[Spelling], list[Piece]]] = {
    "an end": lambda _: [],
    "half an event": lambda _: [b'data: {"id": "ha'],
    "a cut connection": lambda _: [aiohttp.ClientPayloadError("chunks cut off")],
    "a reset": lambda _: [ConnectionResetError("reset")],
    "silence for too long": lambda _: [aiohttp.SocketTimeoutError("idle")],
    "its own error": of_error,
    "its own error, after half an event": lambda told: [b'data: {"par\n\n', *of_error(told)],
    "bytes that are no text": lambda _: singly(b'data: {"a": "\xff\xc3\xe2\x82"}\n\n'),
    "half a character": lambda _: singly(b'data: {"type": "x", "choices": [], "candidates": [], "a": "\xf0\x9f\x98"}\n\n'),
    "what is no JSON": lambda _: [framed([b"{broken"])],
    "a list": lambda _: [framed([b"[]"])], "null": lambda _: [framed([b"null"])],
    "depth": lambda _: [framed([b'{"type": "x", "choices": [], "candidates": [], "a": ' + b"[" * 400 + b"]" * 400 + b"}"])],
    "an endless line": lambda _: [b"x" * 1_000] * 20,
    "an endless event": lambda _: [b"data: " + b"x" * 900 + b"\n"] * 20,
    "endless pings": lambda _: [b": ping\n\n" * 100] * 100,
}  # fmt: skip


@pytest.mark.parametrize("by", BROKEN)
async def test_a_stream_that_breaks_ends_with_an_error_and_costs_what_was_seen(
    path: str, upstream: str, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A5, A6, A12: after the first content nothing is asked elsewhere."""
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 10_000)
    monkeypatch.setattr("models_registry.upstream.wire.http.MAX_STREAM_BYTES", 50_000)
    told = SPELLINGS[upstream]
    found, record = await streamed(path, upstream, framed(told.pieces), *BROKEN[by](told))
    assert (found.text, found.ending) == (TEXT, "error")
    assert (record["outcome"], record["is_usage_estimated"], record["cost_nano"]) == ("failure", True, SEEN)
    assert (record["input_tokens"], record["output_tokens"]) == (PROMPT, COUNTED)
    assert len(orjson.loads(record["attempts"])) == 1


# --- broken before


def never_begun(told: Spelling) -> Iterator[tuple[list[Piece], str, set[int], bool]]:
    """Pieces, their type, which status the client may get, and whether something may have been made."""
    yield of_error(told), EVENTS, {502, 503}, False
    yield [told.error_in_place_of_an_answer], "application/json", {429}, False
    yield [], EVENTS, {502}, True
    yield [b": ping\n\n" * 3], EVENTS, {502}, True
    yield [b"<html>"], "text/html", {502}, True
    yield [b""], "application/json", {502}, True
    yield [b"{}"], "application/json", {502}, True
    yield [aiohttp.ClientPayloadError("cut")], EVENTS, {502}, True
    yield [framed([b"{broken"])], EVENTS, {502}, True


@pytest.mark.parametrize("number", range(9))
async def test_a_stream_that_fails_before_it_begins_is_an_error_with_a_status(
    path: str, upstream: str, number: int
) -> None:
    pieces, kind, statuses, is_charged = list(never_begun(SPELLINGS[upstream]))[number]
    exchange, record = await ask(path, upstream, *pieces, kind=kind)
    assert exchange.status in statuses
    assert (record["outcome"], record["cost_nano"] > 0) == ("failure", is_charged)
    answer = orjson.loads(exchange.body)
    assert answer["error"]["message"]
    assert (answer.get("type") == "error") == (path == MESSAGES)


# --- who leaves


async def turns(until: Callable[[], bool]) -> None:
    """Of the event loop, as few as that takes."""
    for _ in range(1_000):
        if until():
            return
        await asyncio.sleep(0)
    raise AssertionError("It never came.")


async def test_who_leaves_within_a_stream_closes_it_and_pays_what_came(path: str, upstream: str) -> None:
    """A20, G1"""
    exchange = Spoken(upstream, [framed(SPELLINGS[upstream].pieces), asyncio.Event()], EVENTS)
    asking = asyncio.ensure_future(exchange.ask(asked(path), path))
    await turns(lambda: any(TEXT[3:].encode() in message.get("body", b"") for message in exchange.sent))
    exchange.leave.set()
    await asyncio.wait_for(asking, 1)
    record = await exchange.ended()
    assert (record["outcome"], record["is_usage_estimated"], record["cost_nano"]) == ("abandoned", True, SEEN)


async def test_who_leaves_before_a_stream_begins_closes_it_and_pays_the_prompt(path: str, upstream: str) -> None:
    """A20, G1"""
    exchange = Spoken(upstream, [asyncio.Event()], EVENTS)
    asking = asyncio.ensure_future(exchange.ask(asked(path), path))
    await turns(lambda: bool(exchange.session.responses))
    exchange.leave.set()
    await asyncio.wait_for(asking, 1)
    record = await exchange.ended()
    assert (record["outcome"], record["is_usage_estimated"], record["cost_nano"]) == ("abandoned", True, PROMPT * 1_000)


async def test_the_first_event_of_anthropics_streams_is_no_count_of_the_answer(path: str) -> None:
    """G1: it tells the prompt exactly, and a placeholder of one token."""
    told = SPELLINGS["anthropic"]
    start = orjson.dumps(
        {"type": "message_start", "message": {"usage": {"input_tokens": 10, "output_tokens": 1}, "content": []}}
    )
    for end, outcome, input_tokens in (([], "failure", 10), ([told.finish, told.mark], "success", 10)):
        _, record = await streamed(path, "anthropic", framed([start, *told.pieces, *end]))
        assert (record["outcome"], record["is_usage_estimated"]) == (outcome, True)
        assert (record["input_tokens"], record["output_tokens"]) == (input_tokens, 1 + COUNTED)
