"""What of a request an export has, each column once."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from analytics.exports.types import Column
from analytics.models import Record
from routerhub.replica import read_alias

ROWS_AT_ONCE = 2_000
COLUMNS = (
    Column(name="created_at", kind="moment"),
    *(Column(name=name) for name in ("operation_id", "outcome", "error_kind", "error")),
    *(Column(name=name, kind="integer") for name in ("http_status", "account_id", "key_id", "user_id")),
    *(
        Column(name=name)
        for name in (
            "requested_model", "model", "provider", "deployment", "policy", "task_type", "category", "complexity", "priority",
            "session", "task_id", "worker",
        )
    ),
    Column(name="tags", kind="words"),
    Column(name="metadata", kind="object"),
    *(
        Column(name=name, kind="integer")
        for name in (
            "latency_ms", "ttft_ms", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens",
            "reasoning_tokens",
        )
    ),
    *(
        Column(name=f"{name}_usd", kind="money", of=f"{name}_nano")
        for name in ("cost", "cost_estimated", "saved", "reported_cost")
    ),
    Column(name="cost_basis"),
    *(
        Column(name=name, kind="flag")
        for name in (
            "is_sandbox", "is_stream", "is_reported", "is_usage_estimated", "is_cost_disputed", "fallback_used",
        )
    ),
    *(Column(name=name, kind="integer") for name in ("catalogue_release", "router_release", "experiment", "phase")),
    *(Column(name=name) for name in ("variant", "unit")),
    *(Column(name=name, kind="number") for name in ("propensity", "confidence")),
    *(Column(name=name) for name in ("second", "read_by")),
)  # fmt: skip


def rows(found: QuerySet[Record]) -> Iterable[Mapping[str, Any]]:
    """The newest first, read with a cursor of the server: of the replica, where there is one."""
    names = [column.source for column in COLUMNS]
    told: Iterable[Mapping[str, Any]] = (
        found.using(read_alias()).order_by("-created_at", "-operation_id").values(*names).iterator(ROWS_AT_ONCE)
    )
    return told
