"""Spends and settlements made up for the ledger's tests."""

import uuid
from datetime import UTC, datetime
from typing import Any

from budgets.types import Granted, Outcome, Settlement, Spend


def record(operation_id: uuid.UUID, account_id: int = 1, **changes: Any) -> dict[str, Any]:
    """A whole request record."""
    texts = dict.fromkeys(("policy", "task_type", "session", "error", "user_agent"), "")
    counts = dict.fromkeys(
        (
            "latency_ms", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens",
            "reasoning_tokens", "cost_estimated_nano", "cost_nano", "catalogue_release", "router_release",
        ),
        0,
    )  # fmt: skip
    flags = dict.fromkeys(("is_sandbox", "is_stream", "is_usage_estimated", "fallback_used"), False)
    return {
        "operation_id": str(operation_id), "created_at": datetime.now(UTC).isoformat(), "account_id": account_id,
        "key_id": None, "user_id": None, "requested_model": "auto", "model": "a:b", "provider": "sandbox",
        "category": "coding", "complexity": "simple", "priority": "balanced", "tags": [], "outcome": "success",
        "http_status": 200, "ttft_ms": None, "decision": {}, "attempts": [], "ip": None,
        **texts, **counts, **flags, **changes,
    }  # fmt: skip


def spend(*scopes: str, amount: int = 10, tokens: int = 5, lease_s: float = 60, **changes: Any) -> Spend:
    operation_id = changes.pop("operation_id", None) or uuid.uuid4()
    return Spend(
        operation_id=operation_id,
        account_id=1,
        key_id=None,
        user_id=None,
        scopes=scopes,
        amount_nano=amount,
        tokens=tokens,
        lease_s=lease_s,
        record=record(operation_id, **changes),
    )


def settlement(held: Granted, amount: int = 10, tokens: int = 5, outcome: Outcome = "success") -> Settlement:
    return Settlement(
        operation_id=held.operation_id,
        account_id=1,
        key_id=None,
        user_id=None,
        counters=held.counters,
        held_nano=held.amount_nano,
        amount_nano=amount,
        tokens=tokens,
        outcome=outcome,
        record=record(held.operation_id, cost_nano=amount),
    )
