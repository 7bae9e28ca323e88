"""Spends and settlements made up for the ledger's tests. Knows no Django, so that bare processes can use it."""

import uuid
from datetime import UTC, datetime
from typing import Any

from analytics.types import AnswerFacts, RequestFacts
from budgets.types import Granted, Outcome, Settlement, Spend, UsageRow

BEGAN = datetime(2026, 11, 29, 12, tzinfo=UTC)


def request(operation_id: uuid.UUID, **changes: Any) -> RequestFacts:
    facts: dict[str, Any] = {
        "operation_id": operation_id, "created_at": BEGAN, "account_id": 1, "key_id": None, "user_id": None,
        "requested_model": "auto", "model": "a:b", "policy": "", "task_type": "", "category": "coding",
        "complexity": "simple", "priority": "balanced", "session": "", "tags": (), "is_sandbox": False, "is_stream": False,
        "cost_estimated_nano": 0, "catalogue_release": 0, "router_release": 0, "decision": "{}", "ip": None,
        "user_agent": "",
    }  # fmt: skip
    return RequestFacts(**{**facts, **changes})


def answer(**changes: Any) -> AnswerFacts:
    facts: dict[str, Any] = {
        "model": "a:b", "provider": "sandbox", "outcome": "success", "error": "",
        "http_status": 200, "latency_ms": 0, "ttft_ms": None, "input_tokens": 0, "output_tokens": 0,
        "cache_read_tokens": 0, "cache_write_tokens": 0, "reasoning_tokens": 0, "is_usage_estimated": False,
        "cost_nano": 0, "fallback_used": False, "attempts": "[]",
    }  # fmt: skip
    return AnswerFacts(**{**facts, **changes})


def spend(*scopes: str, amount: int = 10, tokens: int = 5, lease_s: float = 60, hop: int = 0, **changes: Any) -> Spend:
    operation_id = changes.pop("operation_id", None) or uuid.uuid4()
    counted, slots, key_id = changes.pop("counted", ()), changes.pop("slots", None), changes.pop("key_id", None)
    per_task, account_id = changes.pop("per_task", None), changes.pop("account_id", 1)
    kept = changes.pop("scopes", scopes)
    return Spend(
        operation_id=operation_id,
        hop=hop,
        account_id=account_id,
        key_id=key_id,
        user_id=None,
        scopes=scopes,
        amount_nano=amount,
        tokens=tokens,
        lease_s=lease_s,
        counted=counted,
        per_task=per_task,
        slots=slots,
        request=request(operation_id, account_id=account_id, scopes=kept, **changes).row(),
    )


def settlement(
    held: Granted | Spend,
    amount: int = 10,
    tokens: int = 5,
    outcome: Outcome = "success",
    frees_slot: bool = False,
    usage: UsageRow | None = None,
    **changes: Any,
) -> Settlement:
    """What a hold came to, with its record."""
    return Settlement(
        operation_id=held.operation_id,
        hop=held.hop,
        amount_nano=amount,
        tokens=tokens,
        outcome=outcome,
        frees_slot=frees_slot,
        answer=answer(**{"cost_nano": amount, "outcome": outcome, **changes}).row(),
        usage=usage,
    )


def usage(**changes: Any) -> UsageRow:
    """What a charge is made of, in the order of budget_usage."""
    made: dict[str, Any] = {
        "model": "a:b", "provider": "p", "deployment": "p/b", "priced_from": None, "basis": "priced", "input_tokens": 0,
        "cache_read_tokens": 0, "cache_write_tokens": 0, "cache_write_1h_tokens": 0, "audio_input_tokens": 0,
        "output_tokens": 0, "reasoning_tokens": 0, "audio_output_tokens": 0, "web_searches": 0,
    }  # fmt: skip
    return tuple({**made, **changes}.values())


def elsewhere(held: Granted | Spend, amount: int = 10, tokens: int = 5) -> Settlement:
    """What a hop came to whose request went on elsewhere."""
    return Settlement(
        operation_id=held.operation_id, hop=held.hop, amount_nano=amount, tokens=tokens, outcome="failure", answer=None
    )
