"""The holds of an operation: reserved before a model is called, settled when it has answered or failed."""

import logging
import time
from dataclasses import replace

from autorouter.decision import decision_json
from autorouter.errors import NoCandidate
from autorouter.types import Decision
from budgets.errors import AlreadySettled, LedgerUnavailable, SpendRejected
from budgets.ledger import Ledger
from budgets.types import Outcome, Refused, Settlement, Spend, UsageRow
from routerhub.gateway.attempts.reservation import FREE, Charge, Plan
from routerhub.gateway.errors import cause_of
from routerhub.gateway.observation import metrics, traces
from routerhub.gateway.operation import Arrival, Ending, Hold, Operation, answer_facts, request_facts
from routerhub.gateway.protocols.base import UNREAD
from routerhub.storage.errors import StorageUnavailable

logger = logging.getLogger(__name__)
NOT_RECORDED = (LedgerUnavailable, StorageUnavailable, AlreadySettled)
"""What ends a request without a record of its own: the last one has it already."""


async def reserve(ledger: Ledger, operation: Operation, plan: Plan, lease_s: float) -> Hold | Refused:
    """Open a hold for the plan, or say which limit it does not fit into. Raises BudgetError."""
    hop, operation.hops = operation.hops, operation.hops + 1
    caller = operation.arrival.caller
    found = operation.scopes(plan)
    began = time.monotonic()
    answer = await ledger.reserve(
        Spend(
            operation_id=operation.id,
            hop=hop,
            account_id=caller.account_id,
            key_id=caller.key_id,
            user_id=caller.user_id,
            scopes=found,
            counted=operation.counted,
            amount_nano=plan.ceiling_nano,
            tokens=plan.tokens,
            lease_s=lease_s,
            per_task=operation.per_task,
            slots=None if operation.has_slot else caller.max_concurrent,
            request=operation.request_facts(plan.candidate, found).row(),
        )
    )
    metrics.RESERVE.observe(time.monotonic() - began)
    if isinstance(answer, Refused):
        return replace(answer, label=caller.called(answer.label))
    metrics.HOLDS.inc()
    hold = Hold(plan=plan, granted=answer)
    operation.holds.append(hold)
    operation.has_slot = operation.has_slot or answer.has_slot
    operation.counted += found
    operation.rates.update({rate.measure: rate for rate in answer.rates})
    return hold


async def release(ledger: Ledger, operation: Operation, hold: Hold, charge: Charge, outcome: Outcome) -> None:
    """Close the hold of an attempt that gave no answer at what that cost. Its request goes on elsewhere, so no record is
    written."""
    await _settle(ledger, operation, hold, charge, outcome, None)


async def finish(ledger: Ledger, operation: Operation, charge: Charge, ending: Ending) -> None:
    """Close the operation: its hold, where one is open, at this charge, and its record with all attempts. Done once."""
    operation.is_recorded = True
    if (hold := operation.hold) is not None:
        await _settle(ledger, operation, hold, charge, ending.outcome, ending)
    else:
        candidate = operation.decision.candidates[0]
        freed = operation.id if _give_slot_back(operation) else None
        await ledger.record(operation.request_facts(candidate).row(), operation.answer_facts(ending).row(), freed)
    metrics.ended(ending, operation.charged_nano, operation.attempts)
    traces.ended(operation, ending)
    logger.info(
        "action=settle operation=%s model=%s provider=%s outcome=%s status=%s cost_nano=%s input=%s output=%s attempts=%s ms=%s "
        "first_token_ms=%s",
        operation.id, ending.model, ending.provider, ending.outcome, ending.http_status, operation.charged_nano,
        charge.usage.input_tokens, charge.usage.output_tokens, len(operation.attempts), ending.latency_ms, ending.ttft_ms,
    )  # fmt: skip


async def refuse(
    ledger: Ledger, arrival: Arrival, problem: BaseException, now: float, decision: Decision | None = None
) -> None:
    """The record of a request that ends before anything is held for it. Of a dry run nothing is recorded, nor of what ends since
    the database is away: the disk is for what was charged meanwhile."""
    if arrival.request.controls.dry_run or isinstance(problem, NOT_RECORDED):
        return
    if isinstance(problem, SpendRejected):
        arrival, decision = replace(arrival, request=UNREAD), None
    decision = problem.decision if isinstance(problem, NoCandidate) else decision
    decided = decision_json.dumps(decision, arrival.availability_digest).decode() if decision else "{}"
    candidate = decision.candidates[0] if decision and decision.candidates else None
    cause = cause_of(problem)
    ending = Ending(
        outcome=cause.outcome,
        model=candidate.model if candidate else "",
        provider="",
        usage=FREE.usage,
        latency_ms=round((now - arrival.began) * 1_000),
        http_status=cause.status,
        error=cause.error,
        error_kind=cause.kind,
    )
    facts = request_facts(arrival.id, arrival, decision, decided, candidate)
    await ledger.record(facts.row(), answer_facts(ending, 0, ()).row())
    metrics.ended(ending, 0, ())
    traces.refused(arrival, ending, type(problem).__name__)
    logger.info(
        "action=refuse operation=%s status=%s error=%s ms=%s",
        arrival.id, ending.http_status, type(problem).__name__, ending.latency_ms,
    )  # fmt: skip


async def replayed(ledger: Ledger, arrival: Arrival, ending: Ending) -> None:
    """The record of a request that got the answer of an earlier one: nothing is decided, held or called for it."""
    facts = request_facts(arrival.id, arrival, None, "{}", None)
    await ledger.record(facts.row(), answer_facts(ending, 0, ()).row())
    metrics.ended(ending, 0, ())


async def _settle(
    ledger: Ledger, operation: Operation, hold: Hold, charge: Charge, outcome: Outcome, ending: Ending | None
) -> None:
    """The hold is closed before the ledger is waited for: whoever is cancelled meanwhile must not close it again."""
    operation.holds.remove(hold)
    operation.charged_nano += hold.charged_nano(charge)
    metrics.HOLDS.dec()
    began = time.monotonic()
    await ledger.settle(
        Settlement(
            operation_id=operation.id,
            hop=hold.granted.hop,
            amount_nano=charge.nano,
            tokens=charge.usage.input_tokens + charge.usage.output_tokens,
            outcome=outcome,
            frees_slot=ending is not None and _give_slot_back(operation),
            answer=operation.answer_facts(ending).row() if ending is not None else None,
            usage=_usage_row(hold, charge),
        )
    )
    metrics.SETTLE.observe(time.monotonic() - began)
    ledger.room.freed(operation.counted)


def _usage_row(hold: Hold, charge: Charge) -> UsageRow | None:
    """The columns of budget_usage; None where nothing was asked."""
    if (place := charge.place) is None:
        return None
    usage, deployment = charge.usage, place.deployment
    return (
        hold.plan.candidate.model, deployment.provider, deployment.id,
        place.tariff.price.effective_from if place.is_priced else None, charge.basis,
        usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens, usage.cache_write_1h_tokens,
        usage.audio_input_tokens, usage.output_tokens, usage.reasoning_tokens, usage.audio_output_tokens, usage.web_searches,
    )  # fmt: skip


def _give_slot_back(operation: Operation) -> bool:
    """Whether it had one."""
    had, operation.has_slot = operation.has_slot, False
    return had
