"""From an upstream's answer to ours: settle, then tell what it cost. Streams are pumped by a task of their own."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from autorouter.decision import explain
from budgets.types import Outcome
from models_registry.types import Usage
from models_registry.upstream.errors import UpstreamError
from models_registry.upstream.openai import read_usage
from routerhub.gateway import answer, spending
from routerhub.gateway.dispatch import OpenStream, Served
from routerhub.gateway.errors import AllFailed, to_api_error
from routerhub.gateway.hops import Hop
from routerhub.gateway.operation import Ending, Operation
from routerhub.gateway.parts import Parts

logger = logging.getLogger(__name__)
CHARS_PER_TOKEN = 4
QUEUED_CHUNKS = 64
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What goes back: a whole body or a stream of events."""

    headers: Mapping[str, str]
    body: bytes | AsyncIterator[bytes]


def dry_run(operation: Operation) -> Reply:
    """The decision alone: nothing is reserved, called or recorded, and no database is needed."""
    return Reply(
        headers={},
        body=orjson.dumps(
            {"object": "routerhub.decision", "dry_run": True, "routerhub": explain.as_json(operation.decision)}
        ),
    )


# --- whole answers


async def complete(parts: Parts, operation: Operation, hop: Hop[Served]) -> Reply:
    """The upstream's answer with the `routerhub` object, after it was settled."""
    body, deployment = hop.answer.body, hop.answer.deployment
    usage = read_usage(body.get("usage")) or _estimated(operation, len(orjson.dumps(body["choices"])))
    settled = await _settle(parts, operation, hop, usage, "success", None, "")
    candidate = hop.plan.candidate
    told = {**answer.told(operation, candidate, deployment), **settled}
    headers = {**answer.headers(operation, candidate, deployment), "x-routerhub-cost-usd": settled["cost_usd"]}
    return Reply(headers=headers, body=orjson.dumps({**body, "model": candidate.model, "routerhub": told}))


def _estimated(operation: Operation, output_chars: int) -> Usage:
    """For an upstream that does not say: by size, and marked as an estimate."""
    return Usage(
        input_tokens=operation.decision.task.input_tokens,
        output_tokens=-(-output_chars // CHARS_PER_TOKEN),
        is_estimated=True,
    )


async def _settle(
    parts: Parts,
    operation: Operation,
    hop: Hop[Any],
    usage: Usage,
    outcome: Outcome,
    ttft_ms: int | None,
    error: str,
) -> dict[str, Any]:
    """Charge, record, remember the conversation's model. Returns what the answer tells of it."""
    deployment, candidate = hop.answer.deployment, hop.plan.candidate
    cost = spending.cost_usd(operation, deployment, usage, hop.held)
    ending = Ending(
        outcome=outcome, provider=deployment.provider, usage=usage, cost_usd=cost, ttft_ms=ttft_ms, error=error
    )
    tokens = usage.input_tokens + usage.output_tokens
    told = operation.answer_row(candidate, ending)
    await parts.ledger.settle(spending.settlement(hop.held, outcome, cost, tokens, told))
    if outcome == "success":
        await parts.sessions.remember(operation.turn(candidate))
    logger.info(
        "action=settle operation=%s model=%s provider=%s outcome=%s cost_usd=%s tokens=%s",
        operation.id, candidate.model, deployment.provider, outcome, cost, tokens,
    )  # fmt: skip
    return answer.settled(operation, hop.held, cost, usage.is_estimated)


# --- streams


def streamed(parts: Parts, operation: Operation, hop: Hop[OpenStream]) -> Reply:
    """The upstream's chunks as they come; the last one carries the `routerhub` object, after it was settled."""
    relay = Relay(parts, operation, hop)
    headers = answer.headers(operation, hop.plan.candidate, hop.answer.deployment)
    return Reply(headers={**headers, "cache-control": "no-cache"}, body=relay.events())


class Relay:
    """Pumps one stream in a task of its own, so that it settles however the client or the upstream ends it."""

    def __init__(self, parts: Parts, operation: Operation, hop: Hop[OpenStream]) -> None:
        self._parts, self._operation, self._hop = parts, operation, hop
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUED_CHUNKS)
        self._usage: Usage | None = None
        self._usage_chunk: dict[str, Any] | None = None
        self._last: dict[str, Any] | None = None
        self._chars = 0
        self._told = answer.told(operation, hop.plan.candidate, hop.answer.deployment)
        self._pump = asyncio.create_task(self._run())
        parts.streams.add(self._pump)
        self._pump.add_done_callback(parts.streams.discard)

    async def events(self) -> AsyncIterator[bytes]:
        """What the client reads. When it stops reading, the upstream is cancelled."""
        try:
            while (event := await self._queue.get()) is not None:
                yield event
        finally:
            self._pump.cancel()

    async def _run(self) -> None:
        try:
            await self._pass(self._hop.answer.first)
            async for chunk in self._hop.answer.rest:
                await self._pass(chunk)
        except UpstreamError as problem:
            await self._end("failure", f"{problem.kind}: {problem}")
            await self._queue.put(self._error_event(problem))
        except asyncio.CancelledError:
            await self._end("abandoned", "The client left before the end of the stream.")
        else:
            settled = await self._end("success", "")
            await self._close({**self._told, **settled})
        finally:
            # A queue that nobody reads any more may be full; the end mark is then of no use either.
            if not self._queue.full():
                self._queue.put_nowait(None)

    async def _pass(self, chunk: dict[str, Any]) -> None:
        """One chunk on to the client; usage is kept back, and the last chunk too, until what it cost is known."""
        self._usage = read_usage(chunk.get("usage")) or self._usage
        chunk["model"] = self._hop.plan.candidate.model
        choices = chunk.get("choices") or []
        if not choices:
            self._usage_chunk = chunk if chunk.get("usage") else self._usage_chunk
            return
        self._chars += sum(_size(choice) for choice in choices)
        if self._last is not None:
            await self._queue.put(_event(self._last))
            self._last = None
        if any(choice.get("finish_reason") for choice in choices):
            self._last = chunk
        else:
            await self._queue.put(_event(chunk))

    async def _end(self, outcome: Outcome, error: str) -> dict[str, Any]:
        usage = self._usage or _estimated(self._operation, self._chars)
        ttft_ms = self._hop.answer.ttft_ms
        return await _settle(self._parts, self._operation, self._hop, usage, outcome, ttft_ms, error)

    async def _close(self, told: Mapping[str, Any]) -> None:
        if self._last is not None:
            await self._queue.put(_event({**self._last, "routerhub": told}))
        if self._operation.request.include_usage and self._usage_chunk is not None:
            await self._queue.put(_event({**self._usage_chunk, "routerhub": told}))
        await self._queue.put(DONE)

    def _error_event(self, problem: UpstreamError) -> bytes:
        """The client has part of an answer already: it is told, and nothing is tried elsewhere in silence."""
        failed = AllFailed(problem, tuple(self._operation.trail.attempts), "The stream broke before its end.")
        return _event({**to_api_error(failed).body(), "routerhub": self._told})


def _size(choice: Mapping[str, Any]) -> int:
    """Characters that a chunk's choice adds to the answer."""
    delta = choice.get("delta")
    if not isinstance(delta, Mapping):
        return 0
    texts = [delta.get(name) for name in ("content", "reasoning_content", "reasoning", "refusal")]
    calls = len(orjson.dumps(delta["tool_calls"])) if delta.get("tool_calls") else 0
    return calls + sum(len(text) for text in texts if isinstance(text, str))


def _event(value: Mapping[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"
