"""The pump of one stream: what the client reads, and what is settled, however it ends."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from models_registry.upstream.errors import Failed, Unreachable
from models_registry.upstream.openai.chat_completions import read_chunk
from routerhub.gateway.answers import streaming
from routerhub.gateway.answers.streaming import Pump, write_stream
from routerhub.gateway.operation import Operation
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as ANTHROPIC_MESSAGES
from routerhub.gateway.protocols.base import ChatProtocol
from routerhub.gateway.protocols.openai_chat import PROTOCOL
from routerhub.gateway.protocols.openai_responses import PROTOCOL as OPENAI_RESPONSES
from routerhub.gateway.runtime import Runtime
from tests.gateway.fakes import FakeLedger, FakeUpstream, Said, chunk, operation, request, runtime

pytestmark = pytest.mark.anyio
HELLO: list[Said] = [chunk("Hel", role="assistant"), chunk("lo"), chunk(finish="stop")]
NO_LIMITS: Mapping[str, Any] = {}
USED = chunk(usage=(10, 20))
COST = 10 * 10_000 + 20 * 30_000
SEEN = 100 * 10_000
"""What the prompt costs where it is only estimated."""


class Stream:
    """One stream over a scripted upstream."""

    def __init__(
        self,
        *script: Said,
        include_usage: bool = False,
        ledger: FakeLedger | None = None,
        limits: Mapping[str, Any] = NO_LIMITS,
        **made: Any,
    ) -> None:
        self.upstream = FakeUpstream(list(script))
        self.ledger = ledger or FakeLedger()
        self.runtime: Runtime = runtime(self.upstream, self.ledger, **limits)
        self.operation: Operation = operation(asked=request(stream=True, include_usage=include_usage), **made)

    async def open(self) -> Pump:
        reply = await write_stream(self.runtime, PROTOCOL, self.operation)
        assert isinstance(reply.body, Pump)
        return reply.body

    async def read(self) -> list[Any]:
        """Every event of it, as JSON; the closing mark as it is."""
        pump = await self.open()
        return events(b"".join([piece async for piece in pump]))

    async def settled(self) -> dict[str, Any]:
        """The record, as soon as the pump has ended."""
        for pump in list(self.runtime.streams):
            await asyncio.wait([pump.task], timeout=1)
        (record,) = self.ledger.records
        assert (self.ledger.holds, self.upstream.open, self.runtime.streams) == ({}, 0, set())
        return record


def events(written: bytes) -> list[Any]:
    lines = written.decode().split("\n\n")
    assert lines.pop() == "", "no half event is ever written"
    return [line if line == "data: [DONE]" else orjson.loads(line.removeprefix("data: ")) for line in lines]


@asynccontextmanager
async def stalled(*script: Said, **made: Any) -> AsyncIterator[tuple[Stream, Pump]]:
    """A stream whose upstream says no more after its script."""
    stream = Stream(*script, asyncio.Event(), **made)
    yield stream, await stream.open()


# --- to its end


async def test_chunks_come_as_they_were_and_the_last_one_tells_what_it_cost() -> None:
    stream = Stream(*HELLO, USED)
    first, second, last, mark = await stream.read()
    assert [first["choices"][0]["delta"], second["choices"][0]["delta"]] == [
        {"role": "assistant", "content": "Hel"}, {"content": "lo"},
    ]  # fmt: skip
    assert (first["model"], first["id"], "routerhub" in first) == ("acme:large", "up-1", False)
    assert last["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    assert (last["routerhub"]["cost_usd"], last["routerhub"]["usage_estimated"]) == ("0.0007", False)
    assert mark == "data: [DONE]"
    record = await stream.settled()
    assert (record["outcome"], record["cost_nano"], record["output_tokens"]) == ("success", COST, 20)
    assert record["ttft_ms"] is not None


@pytest.mark.parametrize(
    "script",
    [
        [*HELLO, USED],
        [*HELLO[:2], chunk(finish="stop", usage=(10, 20))],
        [*HELLO[:1], chunk("lo", usage=(10, 20)), chunk(finish="stop")],
        [
            chunk("Hel", usage=(10, 1), role="assistant"),
            chunk("lo", usage=(10, 2)),
            chunk(finish="stop", usage=(10, 20)),
        ],
    ],
)
async def test_usage_is_read_wherever_it_comes_and_told_once_in_a_chunk_of_its_own(script: list[Said]) -> None:
    """A1 to A4."""
    stream = Stream(*script, include_usage=True)
    *before, usage, mark = await stream.read()
    assert all(each["choices"] and "usage" not in each for each in before)
    assert (usage["choices"], usage["usage"]["completion_tokens"], mark) == ([], 20, "data: [DONE]")
    assert usage["routerhub"] == before[-1]["routerhub"]
    assert (await stream.settled())["cost_nano"] == COST


async def test_a_client_that_did_not_ask_for_usage_sees_none_and_pays_by_it_all_the_same() -> None:
    stream = Stream(*HELLO, USED)
    assert all(each == "data: [DONE]" or ("usage" not in each and each["choices"]) for each in await stream.read())
    assert (await stream.settled())["cost_nano"] == COST


async def test_an_upstream_that_reports_no_usage_is_counted_and_the_client_told() -> None:
    stream = Stream(*HELLO, include_usage=True)
    *_, last, usage, _ = await stream.read()
    assert usage["usage"]["prompt_tokens"] == 100
    assert usage["usage"]["completion_tokens"] == 2, "five characters"
    assert last["routerhub"]["usage_estimated"] is True
    record = await stream.settled()
    assert (record["is_usage_estimated"], record["cost_nano"]) == (True, SEEN + 2 * 30_000)


@pytest.mark.parametrize("include_usage", [False, True])
async def test_a_chunk_that_only_tells_usage_is_kept_back_also_with_an_empty_choice(include_usage: bool) -> None:
    """LiteLLM's."""
    body = {
        "id": "up-1",
        "choices": [{"index": 0, "delta": {}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20},
    }
    stream = Stream(*HELLO, read_chunk(orjson.dumps(body)), include_usage=include_usage)
    *_, end, mark = [each for each in await stream.read() if each == "data: [DONE]" or each["choices"]]
    assert (end["choices"][0]["finish_reason"], end["routerhub"]["cost_usd"], mark) == (
        "stop",
        "0.0007",
        "data: [DONE]",
    )
    assert (await stream.settled())["cost_nano"] == COST


async def test_what_comes_after_the_usage_was_told_last_is_counted_and_marked() -> None:
    """G1: the first event of Anthropic's streams says that one token was written, and an end may say nothing of usage."""
    stream = Stream(chunk("", usage=(10, 1), role="assistant"), chunk("x" * 800), chunk(finish="stop"))
    *_, last, _ = await stream.read()
    assert last["routerhub"]["usage_estimated"] is True
    record = await stream.settled()
    assert (record["input_tokens"], record["output_tokens"]) == (10, 1 + 200)
    assert record["cost_nano"] == 10 * 10_000 + 201 * 30_000


async def test_usage_that_the_answers_length_contradicts_is_counted_instead_and_marked() -> None:
    stream = Stream(*HELLO, chunk(usage=(10, 2 * 10**18)), include_usage=True)
    *_, last, usage, _ = await stream.read()
    assert (usage["usage"]["completion_tokens"], last["routerhub"]["usage_estimated"]) == (2, True)
    assert (await stream.settled())["cost_nano"] == SEEN + 2 * 30_000


async def test_an_answer_that_goes_on_beyond_what_is_held_is_ended_there(caplog: pytest.LogCaptureFixture) -> None:
    """1,000 tokens were asked for, which have 17,000 characters at most."""
    word = "x" * 100
    stream = Stream(chunk(word, role="assistant"), *[chunk(word)] * 1_000, asyncio.Event())
    *said, last, mark = await stream.read()
    assert sum(len(each["choices"][0]["delta"]["content"]) for each in said) == 17_000
    assert (last["choices"][0]["finish_reason"], last["id"], mark) == ("length", "up-1", "data: [DONE]")
    (held,) = [each.amount_nano for each in stream.ledger.asked]
    record = await stream.settled()
    assert (record["outcome"], record["cost_nano"], record["is_usage_estimated"]) == ("success", held, True)
    assert "action=cut" in caplog.text


async def test_a_stream_without_an_end_of_its_own_gets_one() -> None:
    """Its closing mark came, or the adapter would have said that it broke."""
    stream = Stream(chunk("Hi", role="assistant"))
    _, last, _ = await stream.read()
    assert (last["choices"][0]["finish_reason"], last["routerhub"]["model"]) == ("stop", "acme:large")


async def test_many_events_that_are_ready_go_out_together() -> None:
    stream = Stream(*HELLO)
    pump = await stream.open()
    await asyncio.wait([pump.task])
    assert len([piece async for piece in pump]) == 1


# --- the upstream breaks


async def test_an_error_after_the_first_content_is_an_event_of_its_own_and_what_was_seen_is_charged() -> None:
    stream = Stream(*HELLO[:2], Unreachable("connection reset"))
    *said, error = await stream.read()
    assert [each["choices"][0]["delta"]["content"] for each in said] == ["Hel", "lo"]
    assert error["error"]["message"] == "The stream broke before its end. The last one said: connection reset"
    assert (error["error"]["type"], error["routerhub"]["cost_usd"]) == ("upstream_error", "0.00106")
    record = await stream.settled()
    assert (record["outcome"], record["error"]) == ("failure", "Unreachable: connection reset")
    assert (record["cost_nano"], record["is_usage_estimated"]) == (SEEN + 2 * 30_000, True)
    (attempt,) = json.loads(record["attempts"])
    assert (attempt["error"], attempt["cost_nano"]) == ("Unreachable: connection reset", SEEN + 2 * 30_000)
    assert len(stream.upstream.asked) == 1, "nothing is tried elsewhere in silence"


async def test_an_end_of_one_answer_before_the_break_is_passed_on_before_the_error() -> None:
    stream = Stream(*HELLO, Failed("the second answer is not JSON"))
    kinds = ["error" if "error" in each else each["choices"][0]["finish_reason"] for each in await stream.read()]
    assert kinds == [None, None, "stop", "error"]


async def test_a_mistake_of_our_own_is_an_error_event_too_and_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> bytes:
        raise ZeroDivisionError

    stream = Stream(*HELLO)
    monkeypatch.setattr("routerhub.gateway.protocols.openai_chat.OpenAIStream.chunk", fail)
    (error,) = await stream.read()
    assert error["error"]["message"] == "Something went wrong in RouterHub; it was logged."
    assert (await stream.settled())["outcome"] == "failure"


async def test_the_time_of_the_request_bounds_the_stream_too() -> None:
    async with stalled(*HELLO[:2], seconds=0.05) as (stream, pump):
        *_, error = events(b"".join([piece async for piece in pump]))
        assert error["error"]["code"] == "TimedOut"
        assert error["error"]["message"].endswith("The last one said: The time for this request is over.")
        assert (await stream.settled())["error"] == "TimedOut: The time for this request is over."


# --- the client leaves


async def test_who_leaves_while_the_upstream_is_silent_closes_it_and_pays_what_was_seen() -> None:
    async with stalled(*HELLO[:2]) as (stream, pump):
        read = b""
        while b'"lo"' not in read:
            read += await anext(pump)
        await pump.aclose()
        record = await stream.settled()
        assert (record["outcome"], record["cost_nano"]) == ("abandoned", SEEN + 2 * 30_000)
        assert (record["output_tokens"], record["is_usage_estimated"]) == (2, True)


async def test_who_leaves_pays_the_prompt_as_it_was_told_and_the_text_as_it_came() -> None:
    """G1"""
    async with stalled(chunk("", usage=(10, 1), role="assistant"), chunk("x" * 800)) as (stream, pump):
        read = b""
        while b"xxx" not in read:
            read += await anext(pump)
        await pump.aclose()
        record = await stream.settled()
        assert (record["outcome"], record["input_tokens"], record["output_tokens"]) == ("abandoned", 10, 1 + 200)
        assert (record["cost_nano"], record["is_usage_estimated"]) == (10 * 10_000 + 201 * 30_000, True)


async def test_who_leaves_while_the_queue_is_full_closes_the_upstream_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pump stands between two chunks then, with the upstream's generator open in its hands."""
    monkeypatch.setattr(streaming, "MAX_QUEUED", 2)
    stream = Stream(*[chunk("word ")] * 1_000)
    pump = await stream.open()
    for _ in range(50):
        await asyncio.sleep(0)
    assert stream.upstream.open == 1
    await pump.aclose()
    record = await stream.settled()
    assert record["outcome"] == "abandoned"
    assert record["output_tokens"] == 4, "three chunks of five characters: two wait, and one was about to"


async def test_who_leaves_before_reading_anything_is_settled_too() -> None:
    async with stalled(*HELLO[:1]) as (stream, pump):
        assert not pump._is_running, "its task has not had its first turn"
        await pump.aclose()
        assert (await stream.settled())["outcome"] == "abandoned"


async def test_who_leaves_after_the_end_was_settled_is_settled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MAX_QUEUED", 2)
    stream = Stream(*HELLO)
    pump = await stream.open()
    for _ in range(50):
        await asyncio.sleep(0)
    assert (len(stream.ledger.settled), pump.task.done()) == (1, False), "its last event waits for room"
    await pump.aclose()
    assert (await stream.settled())["outcome"] == "success"


async def test_a_slow_reader_makes_the_upstream_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MAX_QUEUED", 2)
    stream = Stream(*[chunk(f"{at} ") for at in range(100)], chunk(finish="stop"))
    pump = await stream.open()
    for _ in range(200):
        await asyncio.sleep(0)
    assert len(stream.ledger.settled) == 0
    text = "".join(
        each["choices"][0]["delta"].get("content", "")
        for each in events(b"".join([piece async for piece in pump]))[:-1]
    )
    assert text == "".join(f"{at} " for at in range(100)), "all of it, in order"
    assert (await stream.settled())["outcome"] == "success"


async def test_the_time_in_which_the_client_does_not_read_is_no_latency_of_the_model(monkeypatch: Any) -> None:
    """F17"""
    monkeypatch.setattr(streaming, "MAX_QUEUED", 2)
    stream = Stream(*HELLO[:1], 1.5, *HELLO[1:], *HELLO)
    pump = await stream.open()
    for _ in range(20):
        await asyncio.sleep(0)
    stream.runtime.clock.seconds += 60  # type: ignore[attr-defined]
    assert [piece async for piece in pump]
    assert (await stream.settled())["latency_ms"] == 1_500


async def test_large_events_wait_for_a_slow_reader_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MAX_QUEUED_BYTES", 1_000)
    stream = Stream(*[chunk("", padding="x" * 900)] * 100, chunk(finish="stop"))
    pump = await stream.open()
    for _ in range(200):
        await asyncio.sleep(0)
    assert len(pump._queue) == 1
    assert len(events(b"".join([piece async for piece in pump]))) == 102
    assert (await stream.settled())["outcome"] == "success"


# --- signs of life


@pytest.mark.parametrize(
    ("protocol", "ping"),
    [
        (PROTOCOL, b": ping\n\n"), (OPENAI_RESPONSES, b": ping\n\n"),
        (ANTHROPIC_MESSAGES, b'event: ping\ndata: {"type":"ping"}\n\n'),
    ],
)  # fmt: skip
async def test_a_silent_stream_gives_signs_of_life_that_are_nothing_of_the_answer(
    protocol: ChatProtocol, ping: bytes
) -> None:
    """A10"""
    goes_on = asyncio.Event()
    stream = Stream(*HELLO[:1], goes_on, *HELLO[1:], USED, limits={"stream_ping_s": 0.001})
    reply = await write_stream(stream.runtime, protocol, stream.operation)
    assert isinstance(reply.body, Pump)
    read = b""
    while ping not in read:
        read += await anext(reply.body)
    goes_on.set()
    read += b"".join([piece async for piece in reply.body])
    said = read.replace(ping, b"")
    assert b": ping" not in said
    assert b"Hel" in said
    assert said.endswith(b"\n\n")
    assert (await stream.settled())["cost_nano"] == COST


async def test_without_a_time_for_them_there_are_none_and_whoever_is_not_silent_needs_none() -> None:
    for limits in ({"stream_ping_s": 0.0}, {"stream_ping_s": 60.0}):
        stream = Stream(*HELLO, limits=limits)
        assert b"ping" not in b"".join([piece async for piece in await stream.open()])
        await stream.settled()


# --- the process stops


async def test_when_the_process_stops_streams_are_settled_first() -> None:
    async with stalled(*HELLO[:2]) as (stream, pump):
        await anext(pump)
        await stream.runtime.close()
        assert (await stream.settled())["outcome"] == "abandoned"
        assert [piece async for piece in pump] == [], "whoever still reads comes to an end"
