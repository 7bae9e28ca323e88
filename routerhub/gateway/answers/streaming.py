"""The pump of one stream: a task of its own, so that it settles however the client, the upstream or the process ends it.

The pump reads the upstream and fills a bounded queue; whoever serves the client empties it. A client that reads slowly makes
the queue full and so the upstream wait. A client that leaves cancels the pump, wherever that stands: it closes the upstream's
connection, then settles at what was seen. So does an answer that has become longer than what is held for it can pay.
"""

import asyncio
import logging
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from models_registry.types import Usage
from models_registry.upstream.base import Choice, Chunk
from models_registry.upstream.errors import TimedOut, UpstreamError
from routerhub.gateway.answers import response_metadata
from routerhub.gateway.answers.answering import Reply, settle
from routerhub.gateway.answers.response_metadata import Headers
from routerhub.gateway.attempts import failover
from routerhub.gateway.attempts.calls import OpenedStream, open_stream
from routerhub.gateway.attempts.dispatch import dispatch
from routerhub.gateway.attempts.failover import Exposure
from routerhub.gateway.attempts.leg import Served
from routerhub.gateway.attempts.reservation import answer_cost, believed, counted
from routerhub.gateway.errors import BROKEN, AllFailed, Cause, left, to_api_error
from routerhub.gateway.kept import conversations, response_state
from routerhub.gateway.kept.claims import uninterrupted
from routerhub.gateway.kept.recording import RECORDED, Recording
from routerhub.gateway.observation import metrics
from routerhub.gateway.operation import Operation, Whole
from routerhub.gateway.protocols.base import ChatProtocol
from routerhub.gateway.runtime import Runtime

logger = logging.getLogger(__name__)
MAX_QUEUED = 64
"""Events that wait for a client. A chunk is some hundred bytes, so that is little memory and a second of answer."""
MAX_QUEUED_BYTES = 1024 * 1024
"""The same where chunks are larger: one of them may wait beyond it."""
BROKE = "The stream broke before its end."
CLIENT_LEFT = left("The client left before the end of the stream.")


class _TooLong(Exception):
    """The answer has more characters than what is held for can have."""


async def write_stream(runtime: Runtime, protocol: ChatProtocol, operation: Operation) -> Reply:
    """The stream of the first candidate that begins one, as the client's protocol writes it. Raises what `dispatch` raises."""
    served = await dispatch(runtime, operation, open_stream)
    provider = served.place.deployment.provider
    headers = response_metadata.headers(operation, served.candidate, provider, served.dropped, served.hold.plan)
    headers.append((b"cache-control", b"no-cache"))
    pump = Pump(runtime, protocol, operation, served, headers)
    return Reply(headers=headers, body=pump, rates=tuple(operation.rates.values()))


class Pump:
    """Pumps one stream from the moment it is made. Iterate over it for the bytes that go to the client, then close it."""

    def __init__(
        self,
        runtime: Runtime,
        protocol: ChatProtocol,
        operation: Operation,
        served: Served[OpenedStream],
        headers: Headers,
    ) -> None:
        self._runtime, self._operation, self._served = runtime, operation, served
        self._keepers, self._headers = operation.keepers, headers
        self._recording = Recording() if operation.keepers else None
        self._writer = protocol.stream_writer(operation.request, operation.envelope(served.candidate))
        self._queue: list[bytes] = []
        self._queued_bytes = 0
        self._has_news, self._has_room = asyncio.Event(), asyncio.Event()
        self._usage: Usage | None = None
        self._called = ""
        self._told_at = 0
        """How many characters had come when the upstream told its usage last."""
        self._chars, self._max_chars = 0, served.hold.plan.max_chars
        self._is_running = self._is_stopped = self._is_over = False
        self._ping_s, self._has_spoken = runtime.limits.stream_ping_s, True
        self._timer = asyncio.get_running_loop().call_later(self._ping_s, self._ping) if self._ping_s else None
        self.task = asyncio.create_task(self._run())
        runtime.streams.add(self)
        metrics.STREAMS.inc()
        self.task.add_done_callback(self._end)

    def _end(self, _: "asyncio.Task[None]") -> None:
        self._runtime.streams.discard(self)
        metrics.STREAMS.dec()

    # --- the client's side

    def __aiter__(self) -> "Pump":
        return self

    async def __anext__(self) -> bytes:
        """As many events as there are. Ends when the pump has, and what it left behind is read."""
        while not self._queue:
            if self._is_over:
                raise StopAsyncIteration
            self._has_news.clear()
            await self._has_news.wait()
        ready, self._queue, self._queued_bytes = self._queue, [], 0
        self._has_room.set()
        return b"".join(ready)

    async def aclose(self) -> None:
        """Nobody reads any more: the upstream is closed and what was seen is settled, by the pump itself."""
        self.stop()

    def stop(self) -> None:
        """Cancel the pump, once. One that has not begun to run would never learn of it, and begins stopped."""
        if not self._is_stopped:
            self._is_stopped = True
            if self._is_running:
                self.task.cancel()

    # --- the upstream's side

    async def _run(self) -> None:
        self._is_running, has_left = True, False
        try:
            await self._put(await self._pump())
        except asyncio.CancelledError:
            has_left = True
            if self._operation.hold is not None:
                await self._settle_broken(CLIENT_LEFT)
        finally:
            if self._timer is not None:
                self._timer.cancel()
            for keeper in self._keepers:
                await keeper.drop(has_left)
            self._is_over = True
            self._has_news.set()

    async def _pump(self) -> bytes:
        """Everything on to the client but the close of the stream, which is returned: it tells what was settled."""
        try:
            cut = await self._pass_all()
        except UpstreamError as error:
            error.hide(self._served.permit.key.secret)
            is_in_time = self._runtime.clock.monotonic() < self._operation.deadline
            if is_in_time and self._operation.request.script is None:
                self._runtime.circuits.failed(self._served.permit, error)
            cause = Cause(outcome="failure", error=f"{error.kind}: {error}", status=200, kind=error.kind)
            metadata = await self._settle_broken(cause, error)
            failed = AllFailed(error, tuple(self._operation.attempts), BROKE)
            return self._writer.error(to_api_error(failed), metadata)
        except Exception as error:  # the seam: the client has its 200 already, so only an event can tell it
            logger.exception("action=stream operation=%s", self._operation.id)
            metadata = await self._settle_broken(replace(BROKEN, error=type(error).__name__))
            return self._writer.error(to_api_error(error), metadata)
        closing = self._closed(cut)
        return await (uninterrupted(closing) if self._keepers else closing)

    async def _closed(self, cut: bytes) -> bytes:
        """The close of a complete stream, settled, and kept where somebody wants it."""
        held, tokens = self._served.hold.granted.amount_nano, self._operation.decision.task.input_tokens
        caller = self._operation.arrival.caller
        charge = answer_cost(self._served.place.tariff, self._believed, tokens, self._chars, held, caller.pays_held)
        metadata = await settle(self._runtime, self._operation, self._served, charge, called=self._called)
        closing = cut + self._writer.end(charge.usage, metadata)
        if self._operation.request.is_kept:
            closing = await response_state.keep(self._runtime, self._operation, closing)
        if self._recording is not None:
            whole = Whole(
                headers=self._headers,
                body=b"".join([*self._recording.sent, closing]),
                is_stream=True,
                completion=self._recording.completion(charge.usage),
                usage=charge.usage,
                cost_nano=self._served.hold.charged_nano(charge),
                model=self._served.candidate.model,
                provider=self._served.place.deployment.provider,
            )
            keepers, self._keepers = self._keepers, ()
            for keeper in keepers:
                await keeper.keep(whole)
        return closing

    async def _pass_all(self) -> bytes:
        """What ends the answer where that was cut, else nothing. Raises UpstreamError.

        However it ends, the upstream's connection is closed then.
        """
        stream, left_s = self._served.answer, self._operation.deadline - self._runtime.clock.monotonic()
        try:
            async with aclosing(stream.rest), asyncio.timeout(left_s):
                if self._is_stopped:
                    raise asyncio.CancelledError
                for chunk in stream.early:
                    await self._pass(chunk)
                async for chunk in stream.rest:
                    await self._pass(chunk)
        except _TooLong:
            return self._writer.chunk(self._cut())
        except TimeoutError as problem:
            raise TimedOut("The time for this request is over.") from problem
        return b""

    async def _pass(self, chunk: Chunk) -> None:
        for choice in chunk.choices:
            self._chars += choice.size
            if choice.tool_calls and not self._called:
                self._called = conversations.called_in(chunk.choices)
        if chunk.usage is not None:
            self._usage, self._told_at = chunk.usage, self._chars
        if self._chars > self._max_chars:
            raise _TooLong
        if self._recording is not None:
            self._recording.saw(chunk)
        if event := self._writer.chunk(chunk):
            await self._put(event)

    def _cut(self) -> Chunk:
        """What an answer ends with that is stopped here, as it would have ended had the upstream kept to its limit."""
        logger.warning(
            "action=cut operation=%s deployment=%s chars=%s max_output=%s",
            self._operation.id, self._served.place.deployment.id, self._chars, self._served.hold.plan.max_output_in_all,
        )  # fmt: skip
        ends = tuple(Choice(index=at, finish="length") for at in range(self._operation.request.choices))
        return Chunk(choices=ends, usage=None, has_content=True, dialect=RECORDED, native={})

    async def _put(self, event: bytes) -> None:
        """Into the queue, as soon as there is room."""
        while len(self._queue) >= MAX_QUEUED or self._queued_bytes > MAX_QUEUED_BYTES:
            since = self._runtime.clock.monotonic()
            self._has_room.clear()
            await self._has_room.wait()
            self._operation.client_s += self._runtime.clock.monotonic() - since
        self._queue.append(event)
        if self._recording is not None:
            self._recording.sent.append(event)
        self._queued_bytes += len(event)
        self._has_spoken = True
        self._has_news.set()

    def _ping(self) -> None:
        """Says something where the upstream has said nothing since the last time, lest somebody on the way to the client takes
        the connection for dead. It is nothing of the answer, so it is not kept."""
        if not self._has_spoken and not self._queue:
            self._queue.append(self._writer.ping())
            self._has_news.set()
        self._has_spoken = False
        self._timer = asyncio.get_running_loop().call_later(self._ping_s, self._ping)

    async def _settle_broken(self, cause: Cause, error: UpstreamError | None = None) -> dict[str, Any]:
        """Charge what was seen, and let the attempt say how it ended. Returns the answer's metadata."""
        operation, served = self._operation, self._served
        charge = failover.attempt_cost(error, self._exposure())
        operation.attempts[-1] = replace(operation.attempts[-1], error=cause.error, cost_nano=charge.nano)
        return await settle(self._runtime, operation, served, charge, cause)

    @property
    def _believed(self) -> Usage | None:
        """What the upstream told, if it can be. What came after it told its usage last is counted, and that marked: the first
        event of Anthropic's streams says that one token was written."""
        told, plan = self._usage, self._served.hold.plan
        if told is not None and self._chars > self._told_at:
            output = told.output_tokens + counted(self._chars - self._told_at)
            told = replace(told, output_tokens=output, is_estimated=True)
        return believed(told, plan, self._chars)

    def _exposure(self) -> Exposure:
        operation, plan = self._operation, self._served.hold.plan
        return Exposure(
            input_tokens=operation.decision.task.input_tokens,
            seen=self._believed,
            seen_chars=self._chars,
            max_output_tokens=plan.max_output_in_all,
            is_stream=True,
            elapsed_s=self._runtime.clock.monotonic() - operation.arrival.began,
            tokens_per_s=None,
            tariff=self._served.place.tariff,
            held_nano=plan.ceiling_nano,
        )
