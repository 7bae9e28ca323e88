"""Answers from before for requests that are the same: for accounts that may, and requests that ask for it.

What is kept is the answer in neutral values, so that it is told whole or as a stream, with the age and what it saved. It is
found again by everything that could have made it another one: the account, the model that was decided for, both releases, the
dialect and all that the request says. Of many that ask at once one is answered by the model, and the others wait for it.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import orjson

from autorouter.types import Candidate
from budgets.money import usd
from budgets.types import NANO, Caller
from models_registry.types import Usage
from models_registry.upstream.base import Choice, Chunk, Completion
from routerhub.gateway.answers import response_metadata
from routerhub.gateway.answers.answering import Replayed, Reply, write_answer
from routerhub.gateway.answers.streaming import write_stream
from routerhub.gateway.errors import BadRequest
from routerhub.gateway.kept import response_state
from routerhub.gateway.kept.claims import Claim, claim_or_wait
from routerhub.gateway.kept.recording import RECORDED
from routerhub.gateway.observation import metrics, traces
from routerhub.gateway.operation import Ending, Operation, Whole
from routerhub.gateway.protocols.base import ChatProtocol
from routerhub.gateway.protocols.controls import ALWAYS, FIELD
from routerhub.gateway.runtime import Runtime
from routerhub.storage.errors import StorageUnavailable
from routerhub.storage.types import Item, Name

logger = logging.getLogger(__name__)
NOTHING = b""
NOTHING_S = 1.0
"""So long those who wait are told that nothing came of it, and go on by themselves."""
NOT_SAID = frozenset({"stream", "stream_options", "store", "previous_response_id", FIELD})
"""Of a body: how it is to be answered, not what."""
SHAPE = (*Choice.__slots__, *Usage.__slots__)
"""Entries of another release of this code are not found."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """An answer, what it cost, and who gave it."""

    completion: Completion
    usage: Usage
    cost_nano: int
    provider: str

    def dumps(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def loads(cls, content: bytes) -> "Entry":
        raw = orjson.loads(content)
        made = raw["completion"]
        choices = tuple(Choice(**{**choice, "tool_calls": ()}) for choice in made["choices"])
        usage = Usage(**raw["usage"])
        completion = Completion(choices=choices, usage=usage, dialect=made["dialect"], native=made["native"])
        return cls(completion=completion, usage=usage, cost_nano=raw["cost_nano"], provider=raw["provider"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Keeper:
    """Keeps an answer for those who ask the same. See routerhub.gateway.operation.Keeper."""

    runtime: Runtime
    claim: Claim
    model: str
    """The one that was decided for. Where another one stood in, its answer is not kept as this one's."""

    async def keep(self, whole: Whole) -> None:
        if whole.model != self.model or not is_whole(whole.completion):
            await self._note(NOTHING, NOTHING_S)
            return
        entry = Entry(
            completion=whole.completion, usage=whole.usage, cost_nano=whole.cost_nano, provider=whole.provider
        )
        await self._note(entry.dumps(), self.runtime.limits.cache_retention_s)

    async def drop(self, has_left: bool) -> None:
        """Where the client left, the next one takes its place; where it failed, nobody waits for another failure."""
        if not has_left:
            await self._note(NOTHING, NOTHING_S)
            return
        try:
            await self.claim.release(self.runtime)
        except StorageUnavailable as problem:
            logger.warning("action=release_cache problem=%s", problem)

    async def _note(self, content: bytes, seconds: float) -> None:
        try:
            await self.claim.keep(self.runtime, content, seconds)
        except StorageUnavailable as problem:
            logger.warning("action=keep_cache problem=%s", problem)


def check(caller: Caller) -> None:
    """Raises BadRequest where the account does not use the cache."""
    if not caller.may_cache:
        message = (
            f"{FIELD}.cache: the account {caller.account!r} does not use the cache. Staff can allow it (may_cache)."
        )
        raise BadRequest(message, f"{FIELD}.cache", code="cache_not_allowed")


def is_whole(completion: Completion) -> bool:
    """Whether every choice ended by itself and is nothing but text: calls, refusals and what was cut are not kept."""
    return bool(completion.choices) and all(
        choice.finish == "stop" and not choice.tool_calls and not choice.refusal for choice in completion.choices
    )


async def serve(runtime: Runtime, protocol: ChatProtocol, operation: Operation) -> Reply:
    """The answer from before, or a new one that is kept. Raises what `dispatch` raises."""
    candidate = cast(Candidate, operation.decision.chosen)
    write = write_stream if operation.request.stream else write_answer
    found = await _found(runtime, operation, candidate)
    if isinstance(found, Item) and found.content != NOTHING:
        return await _hit(runtime, protocol, operation, candidate, found)
    if not isinstance(found, Claim):
        operation.cache = {"status": "bypass"}
        metrics.CACHE.labels("bypass").inc()
        return await write(runtime, protocol, operation)
    operation.cache = {"status": "miss"}
    metrics.CACHE.labels("miss").inc()
    keeper = Keeper(runtime=runtime, claim=found, model=candidate.model)
    operation.keepers = (*operation.keepers, keeper)
    try:
        return await write(runtime, protocol, operation)
    except BaseException as problem:
        await keeper.drop(has_left=not isinstance(problem, Exception))
        raise


async def _found(runtime: Runtime, operation: Operation, candidate: Candidate) -> Claim | Item | None:
    """What is kept, or the right to keep it. None where nothing can be: it may come out otherwise, or the store is away."""
    if operation.request.controls.cache != ALWAYS and _temperature(operation) != 0:
        return None
    digest = runtime.store.digest(_identity(operation, candidate))
    name = Name(account_id=operation.arrival.caller.account_id, kind="cache", name=digest)
    try:
        return await claim_or_wait(runtime, name, NOTHING)
    except StorageUnavailable:
        return None


def _temperature(operation: Operation) -> object:
    """The request's or, where it names none, its policy's."""
    given, policy = operation.request.content.get("temperature"), operation.policy
    return policy.temperature if given is None and policy is not None else given


def _identity(operation: Operation, candidate: Candidate) -> bytes:
    """Everything that could make it another answer, in the order in which it was said."""
    request, decision = operation.request, operation.decision
    policy = operation.policy
    return orjson.dumps([
        SHAPE, request.dialect, candidate.model, decision.catalogue_release, decision.router_release,
        policy and (policy.name, policy.version), _said(request.content), _said(request.native or {}),
        request.max_output_tokens, request.choices, request.script, sorted(decision.constraints.regions or ()),
    ])  # fmt: skip


def _said(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in NOT_SAID}


# --- a hit


async def _hit(
    runtime: Runtime, protocol: ChatProtocol, operation: Operation, candidate: Candidate, item: Item
) -> Reply:
    """What was said before: recorded, at no cost, and told with a new id."""
    entry, request = Entry.loads(item.content), operation.request
    age_s = max(0, round((runtime.clock.now() - item.created_at).total_seconds()))
    operation.cache = {"status": "hit", "age_s": age_s, "saved_usd": usd(entry.cost_nano)}
    await _record(runtime, operation, candidate, entry)
    metadata = {
        **response_metadata.decided(operation, candidate, entry.provider),
        "cost_usd": usd(0),
        "usage_estimated": entry.usage.is_estimated,
        "remaining_usd": None,
        "attempts": [],
    }
    headers = response_metadata.headers(operation, candidate, entry.provider, operation.request.dropped)
    headers.append((b"x-routerhub-cost-usd", metadata["cost_usd"].encode()))
    body = _written(protocol, operation, candidate, entry, metadata)
    if request.is_kept:
        body = await response_state.keep(runtime, operation, body)
    whole = Whole(headers=headers, body=body, is_stream=request.stream, completion=entry.completion, usage=entry.usage,
                  cost_nano=0, model=candidate.model, provider=entry.provider)  # fmt: skip
    for keeper in operation.keepers:
        await keeper.keep(whole)
    return Reply(headers=headers, body=Replayed(body) if request.stream else body)


def _written(
    protocol: ChatProtocol, operation: Operation, candidate: Candidate, entry: Entry, metadata: Mapping[str, Any]
) -> bytes:
    envelope, request = operation.envelope(candidate), operation.request
    if not request.stream:
        return protocol.write(entry.completion, request, envelope, entry.usage, metadata)
    writer, choices = protocol.stream_writer(request, envelope), entry.completion.choices
    said = Chunk(
        choices=tuple(replace(choice, finish=None) for choice in choices), usage=None, has_content=True,
        dialect=RECORDED, native={},
    )  # fmt: skip
    ends = tuple(Choice(index=choice.index, finish=choice.finish) for choice in choices)
    return writer.chunk(said) + writer.chunk(replace(said, choices=ends)) + writer.end(entry.usage, metadata)


async def _record(runtime: Runtime, operation: Operation, candidate: Candidate, entry: Entry) -> None:
    took_ms = round((runtime.clock.monotonic() - operation.arrival.began) * 1_000)
    ending = Ending(
        outcome="success", model=candidate.model, provider=entry.provider, usage=entry.usage, latency_ms=took_ms,
        ttft_ms=took_ms if operation.request.stream else None, saved_nano=entry.cost_nano,
    )  # fmt: skip
    operation.is_recorded = True
    await runtime.ledger.record(operation.request_facts(candidate).row(), operation.answer_facts(ending).row())
    metrics.ended(ending, 0, ())
    traces.ended(operation, ending)
    metrics.CACHE.labels("hit").inc()
    metrics.CACHE_SAVED.inc(entry.cost_nano / NANO)
    logger.info("action=cache_hit operation=%s model=%s saved_nano=%s", operation.id, candidate.model, entry.cost_nano)
    if session := operation.request.controls.session:
        await runtime.sessions.remember(operation.turn(candidate, session))
