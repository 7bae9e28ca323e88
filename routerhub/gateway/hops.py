"""From model to model until one answers, each hop with a hold of its own. A plain loop that keeps every attempt."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Generic, TypeVar

from autorouter.decision.candidates import serving
from autorouter.errors import NoCandidate
from autorouter.types import Candidate, Decision, Exclusion
from budgets.types import Granted, Refused, to_nano
from models_registry.types import Deployment, Model, Usage
from routerhub.gateway import spending
from routerhub.gateway.dispatch import OUTPUT_LIMIT, Errand, OpenStream, Served
from routerhub.gateway.errors import AllFailed, BudgetRefused, to_api_error
from routerhub.gateway.operation import Ending, Operation
from routerhub.gateway.parts import Parts

MAX_HOPS = 3
NOTHING = Usage(input_tokens=0, output_tokens=0)
Answer = TypeVar("Answer", Served, OpenStream)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How one candidate would be called, and what that may cost at most."""

    candidate: Candidate
    model: Model
    deployments: tuple[Deployment, ...]
    ceiling_usd: Decimal
    max_output: int
    payload: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hop(Generic[Answer]):
    """The hop that answered."""

    plan: Plan
    held: Granted
    answer: Answer


async def complete(parts: Parts, operation: Operation) -> Hop[Served]:
    """The whole answer of the first candidate that gives one. Raises BudgetRefused, AllFailed, LedgerUnavailable."""
    return await _first(parts, operation, parts.dispatcher.complete)


async def open_stream(parts: Parts, operation: Operation) -> Hop[OpenStream]:
    """The stream of the first candidate that begins one. Raises BudgetRefused, AllFailed, LedgerUnavailable."""
    return await _first(parts, operation, parts.dispatcher.open_stream)


async def _first(parts: Parts, operation: Operation, call: Callable[[Errand], Awaitable[Answer]]) -> Hop[Answer]:
    room: int | None = None
    failure: BudgetRefused | AllFailed | None = None
    hop = 0
    for candidate in operation.decision.candidates:
        plan = _plan(parts, operation, candidate)
        if plan is None:
            continue
        if hop == MAX_HOPS or (room is not None and to_nano(plan.ceiling_usd) > room):
            continue
        held = await _reserve(parts, operation, hop, plan)
        hop += 1
        if isinstance(held, Refused):
            failure = failure or BudgetRefused(held)
            room = held.limit - held.spent - held.reserved if held.measure == "money" else -1
            continue
        try:
            return Hop(plan=plan, held=held, answer=await call(_errand(operation, plan)))
        except AllFailed as problem:
            await parts.ledger.settle(spending.settlement(held, "failure", Decimal(0), 0, None))
            failure = problem
            if not problem.last.may_retry:
                break
        except asyncio.CancelledError:
            await _abandon(parts, operation, plan, held)
            raise
    if failure is None:
        raise NoCandidate(_over_task_limit(operation))
    await _record_failure(parts, operation, failure)
    raise failure


def _errand(operation: Operation, plan: Plan) -> Errand:
    return Errand(
        model=plan.model.id,
        deployments=plan.deployments,
        providers=operation.catalogue.providers,
        payload=plan.payload,
        trail=operation.trail,
    )


async def _reserve(parts: Parts, operation: Operation, hop: int, plan: Plan) -> Granted | Refused:
    return await parts.ledger.reserve(
        spending.spend(
            operation,
            hop,
            plan.candidate,
            plan.deployments,
            plan.ceiling_usd,
            plan.max_output,
            parts.limits.deadline_s + parts.limits.grace_s,
        )
    )


def _over_task_limit(operation: Operation) -> Decision:
    """The decision when no candidate's worst case fits the limit for one task, however short its answer."""
    reason = f"its worst case is over the limit of {spending.task_limit_usd(operation)} USD for one task"
    out = [Exclusion(model=each.model, code="cost", reason=reason) for each in operation.decision.candidates]
    return replace(operation.decision, candidates=(), excluded=(*out, *operation.decision.excluded))


def _plan(parts: Parts, operation: Operation, candidate: Candidate) -> Plan | None:
    """How to call a candidate; None where its worst case cannot be made to fit the limit for one task."""
    model = operation.catalogue.models[candidate.model]
    deployments = serving(model, operation.catalogue.providers, operation.decision.constraints, operation.availability)
    wanted = spending.max_output_of(operation, model, parts.limits.default_max_output)
    max_output = spending.output_within(operation, deployments, wanted, spending.task_limit_usd(operation))
    if max_output is None:
        return None
    return Plan(
        candidate=candidate,
        model=model,
        deployments=deployments,
        ceiling_usd=spending.ceiling_usd(operation, deployments, max_output),
        max_output=max_output,
        payload=_payload(operation, max_output),
    )


def _payload(operation: Operation, max_output: int) -> dict[str, Any]:
    """What goes upstream: the caller's own fields, the output limit that is held for, and the policy's temperature."""
    request = operation.request
    payload = {name: value for name, value in request.payload.items() if name != "max_tokens"}
    payload[OUTPUT_LIMIT] = max_output
    policy = operation.router.policies.get(operation.decision.constraints.policy or "")
    if policy and policy.temperature is not None and "temperature" not in payload:
        payload["temperature"] = float(policy.temperature)
    if request.stream:
        payload["stream_options"] = {**(payload.get("stream_options") or {}), "include_usage": True}
    return payload


async def _abandon(parts: Parts, operation: Operation, plan: Plan, held: Granted) -> None:
    """The caller left before anything came back. What the upstream bills then is unknown: the hold is charged whole."""
    task = operation.decision.task
    ending = Ending(
        outcome="abandoned",
        provider=plan.deployments[0].provider,
        usage=Usage(input_tokens=task.input_tokens, output_tokens=0, is_estimated=True),
        cost_usd=plan.ceiling_usd,
        http_status=None,
        error="The client left before the answer.",
    )
    answer = operation.answer_row(plan.candidate, ending)
    await parts.ledger.settle(spending.settlement(held, "abandoned", plan.ceiling_usd, task.input_tokens, answer))


async def _record_failure(parts: Parts, operation: Operation, failure: BudgetRefused | AllFailed) -> None:
    """One record for a request that nobody answered."""
    chosen = operation.decision.candidates[0]
    attempts = operation.trail.attempts
    ending = Ending(
        outcome="failure",
        provider=attempts[-1].provider if attempts else "",
        usage=NOTHING,
        cost_usd=Decimal(0),
        http_status=to_api_error(failure).status,
        error=str(failure),
    )
    await parts.ledger.record(operation.request_row(chosen), operation.answer_row(chosen, ending))
