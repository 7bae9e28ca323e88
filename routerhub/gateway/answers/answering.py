"""Whole answers: dispatched, settled, and told what they cost. Streams: routerhub.gateway.answers.streaming."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from budgets.types import Rate
from models_registry.types import Usage
from models_registry.upstream.base import Completion
from routerhub.gateway.answers import response_metadata
from routerhub.gateway.answers.response_metadata import Headers
from routerhub.gateway.attempts import settlement
from routerhub.gateway.attempts.calls import complete
from routerhub.gateway.attempts.dispatch import dispatch
from routerhub.gateway.attempts.leg import Served
from routerhub.gateway.attempts.reservation import Charge, answer_cost, believed, is_disputed
from routerhub.gateway.errors import Cause
from routerhub.gateway.kept import conversations, response_state
from routerhub.gateway.kept.claims import uninterrupted
from routerhub.gateway.operation import Ending, Operation, Whole
from routerhub.gateway.protocols.base import ChatProtocol
from routerhub.gateway.runtime import Runtime


class ByteStream(Protocol):
    """Bytes as they come. Whoever takes one closes it, whether read to its end or not read at all."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None: ...


class Replayed:
    """A stream whose bytes are all there. See routerhub.gateway.answers.answering.ByteStream."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content

    async def aclose(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What goes back with status 200: a whole body, or a stream of bytes."""

    headers: Headers
    body: bytes | ByteStream
    rates: Sequence[Rate] = ()
    """How those stand that the request counted in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A whole answer, settled."""

    served: Served[Completion]
    usage: Usage
    """Reported by the upstream, or counted."""
    cost_nano: int
    """Of this attempt."""
    metadata: Mapping[str, Any]
    """The `routerhub` object."""


async def answer(runtime: Runtime, operation: Operation) -> Answer:
    """The whole answer of the first candidate that gives one. Raises what `dispatch` raises."""
    return await settled(runtime, operation, await dispatch(runtime, operation, complete))


async def settled(runtime: Runtime, operation: Operation, served: Served[Completion]) -> Answer:
    """The answer that is there, charged and recorded."""
    hold, chars = served.hold, sum([choice.size for choice in served.answer.choices])
    charge = answer_cost(
        served.place.tariff,
        believed(served.answer.usage, hold.plan, chars),
        operation.decision.task.input_tokens,
        chars,
        hold.granted.amount_nano,
        operation.arrival.caller.pays_held,
    )
    called = conversations.called_in(served.answer.choices)
    metadata = await settle(runtime, operation, served, charge, called=called)
    return Answer(served=served, usage=charge.usage, cost_nano=hold.charged_nano(charge), metadata=metadata)


async def settle(
    runtime: Runtime,
    operation: Operation,
    served: Served[Any],
    charge: Charge,
    cause: Cause | None = None,
    called: str = "",
) -> dict[str, Any]:
    """Charge and record an answer that has come to its end, whole unless there is a `cause`, and remember the conversation's
    model. Returns its metadata.

    `called` is the id of the first tool that it called.
    """
    candidate, deployment = served.candidate, served.place.deployment
    charge = charge.of(served.place)
    ending = Ending(
        outcome=cause.outcome if cause else "success",
        model=candidate.model,
        provider=deployment.provider,
        deployment=deployment.id,
        usage=charge.usage,
        latency_ms=round((runtime.clock.monotonic() - operation.arrival.began - operation.apart_s) * 1_000),
        ttft_ms=served.took_ms if operation.request.stream else None,
        error=cause.error if cause else "",
        error_kind=cause.kind if cause else "",
        is_cost_disputed=is_disputed(charge),
        basis=charge.basis,
    )
    await settlement.finish(runtime.ledger, operation, charge, ending)
    if cause is None and (name := conversations.name_after(operation.request, called)):
        await runtime.sessions.remember(operation.turn(candidate, name))
    return {
        **response_metadata.decided(operation, candidate, deployment.provider),
        **response_metadata.settled(operation, served.hold, charge),
    }


async def write_answer(runtime: Runtime, protocol: ChatProtocol, operation: Operation) -> Reply:
    """The whole answer as the client's protocol writes it."""
    served = await dispatch(runtime, operation, complete)
    writing = _written(runtime, protocol, operation, served)
    return await (uninterrupted(writing) if operation.keepers else writing)


async def _written(runtime: Runtime, protocol: ChatProtocol, operation: Operation, served: Served[Completion]) -> Reply:
    """An answer that is there, settled, written, and kept where somebody wants it."""
    done = await settled(runtime, operation, served)
    metadata, candidate, provider = done.metadata, served.candidate, served.place.deployment.provider
    headers = response_metadata.headers(operation, candidate, provider, served.dropped, served.hold.plan)
    headers.append((b"x-routerhub-cost-usd", metadata["cost_usd"].encode()))
    body = protocol.write(served.answer, operation.request, operation.envelope(candidate), done.usage, metadata)
    if operation.request.is_kept:
        body = await response_state.keep(runtime, operation, body)
    if operation.keepers:
        whole = Whole(headers=headers, body=body, is_stream=False, completion=served.answer, usage=done.usage,
                      cost_nano=done.cost_nano, model=candidate.model, provider=provider)  # fmt: skip
        for keeper in operation.keepers:
            await keeper.keep(whole)
    return Reply(headers=headers, body=body, rates=tuple(operation.rates.values()))
