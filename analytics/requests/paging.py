"""Pages of requests that come as fast at millions of them as at a hundred.

A page begins behind the last row of the one before it. What an index finds is looked for in the whole range; for anything else
the newest `LOOKED_AT` requests are looked through, and whoever asks for more goes on from there.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from analytics.models import Record
from analytics.requests.filters import RecordFilter

LOOKED_AT = 100_000
NEWEST = "newest"
SORTS: Mapping[str, tuple[str, bool, bool]] = {
    "newest": ("created_at", True, True),
    "oldest": ("created_at", False, False),
    "dearest": ("cost_nano", True, False),
    "cheapest": ("cost_nano", False, True),
    "slowest": ("latency_ms", True, False),
    "fastest": ("latency_ms", False, True),
}
"""By what they come: the column, whether its largest value comes first, and whether the largest id does among equal ones. Each
goes along an index, forwards or backwards."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    rows: list[Record]
    following: str
    """What the next page begins behind; empty: there is none."""
    looked_back_to: datetime | None = None
    """Where the search stopped, if it did before the end of the range."""


def page(chosen: RecordFilter, size: int, before: str = "", sort: str = NEWEST) -> Page:
    """A page of a valid selection. Raises ValidationError for a `before` that was never given out."""
    behind = _behind(before, sort) if before else Q()
    horizon = horizon_of(chosen, behind if sort == NEWEST else Q()) if chosen.is_narrow else None
    found = chosen.qs.filter(behind, Q(created_at__gte=horizon) if horizon else Q())
    rows = list(_sorted(found, sort)[: size + 1])
    if len(rows) > size:
        return Page(
            rows=rows[:size], following=key_of(rows[size - 1], sort), looked_back_to=horizon if sort != NEWEST else None
        )
    following = f"{horizon.isoformat()}~{uuid.UUID(int=0)}" if horizon and sort == NEWEST else ""
    return Page(rows=rows, following=following, looked_back_to=horizon)


def horizon_of(chosen: RecordFilter, behind: Q | None = None) -> datetime | None:
    """Back to when so many requests of the range are looked through; None: back to its beginning."""
    newest = chosen.in_range().filter(behind or Q()).order_by("-created_at").values_list("created_at", flat=True)
    return next(iter(newest[LOOKED_AT : LOOKED_AT + 1]), None)


def _sorted(found: QuerySet[Record], sort: str) -> QuerySet[Record]:
    column, falls, id_falls = SORTS[sort]
    return found.order_by(f"{'-' * falls}{column}", f"{'-' * id_falls}operation_id")


def key_of(row: Record, sort: str = NEWEST) -> str:
    """What the page behind a row begins behind."""
    value: Any = getattr(row, SORTS[sort][0])
    return f"{value.isoformat() if isinstance(value, datetime) else value}~{row.operation_id}"


def _behind(before: str, sort: str) -> Q:
    column, falls, id_falls = SORTS[sort]
    value, _, text = before.partition("~")
    try:
        key: Any = datetime.fromisoformat(value.replace(" ", "+")) if column == "created_at" else int(value)
        operation = uuid.UUID(text)
    except ValueError as problem:
        raise ValidationError({"before": f"{before[:80]!r} is not what a page gave as the next one."}) from problem
    beyond, same = ("lt" if falls else "gt"), ("lt" if id_falls else "gt")
    return Q(**{f"{column}__{beyond}e": key}) & (
        Q(**{f"{column}__{beyond}": key}) | Q(**{f"operation_id__{same}": operation})
    )
