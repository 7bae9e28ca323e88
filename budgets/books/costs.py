"""What was spent, summed by any of its dimensions over any range of days: straight from the ledger, what the sandbox made up
apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction

from budgets.books.months import midnight
from budgets.money import usd
from budgets.people import naming

MAX_DAYS, MAX_ROWS, MAX_GROUPS, MAX_S = 400, 1_000, 3, 10
Traffic = Literal["real", "sandbox", "both"]
NOT_ADDED = ("requests", "unpriced_requests")
"""A request that several models were called for counts for each of them."""


def _scope(kind: str) -> str:
    return f"(SELECT substr(s, {len(kind) + 2}) FROM unnest(e.scopes) s WHERE s LIKE '{kind}:%%' LIMIT 1)"  # noqa: S608 - our own words


def _period(unit: str) -> str:
    return f"to_char(date_trunc('{unit}', e.incurred_at AT TIME ZONE %(zone)s), 'YYYY-MM-DD')"


DIMENSIONS: Mapping[str, str] = {
    "account": "e.account_id::text", "user": "e.user_id::text", "key": "e.key_id::text", "model": "e.model",
    "provider": "e.provider", "deployment": "e.deployment",
    "policy": _scope("policy"), "task_type": "e.task_type", "category": "e.category",
    "worker": _scope("worker"), "task": _scope("task"), "session": _scope("session"), "tag": "tag.name", "kind": "e.kind",
    "basis": "e.basis", "day": _period("day"), "week": _period("week"), "month": _period("month"),
}  # fmt: skip
"""Each as SQL of an entry. An entry with several tags counts for each of them."""
TAGS = "LEFT JOIN LATERAL (SELECT substr(s, 5) AS name FROM unnest(e.scopes) s WHERE s LIKE 'tag:%%') tag ON true"
CEILINGS = "('no_price', 'no_usage', 'held')"
SUMS: Mapping[str, str] = {
    "cost_nano": "coalesce(sum(e.amount_nano) FILTER (WHERE NOT e.is_sandbox), 0)::bigint",
    "sandbox_nano": "coalesce(sum(e.amount_nano) FILTER (WHERE e.is_sandbox), 0)::bigint",
    "unpriced_nano": "coalesce(sum(e.amount_nano) FILTER (WHERE NOT e.is_sandbox AND e.basis = 'no_price'), 0)::bigint",
    "by_ceiling_nano": f"coalesce(sum(e.amount_nano) FILTER (WHERE NOT e.is_sandbox AND e.basis IN {CEILINGS}), 0)::bigint",
    "estimated_nano": "coalesce(sum(e.amount_nano) FILTER (WHERE NOT e.is_sandbox AND e.basis = 'estimated'), 0)::bigint",
    "requests": "count(DISTINCT e.operation_id) FILTER (WHERE e.kind = 'charge')",
    "unpriced_requests": "count(DISTINCT e.operation_id) FILTER (WHERE e.basis = 'no_price')",
    "input_tokens": "coalesce(sum(e.input_tokens), 0)::bigint",
    "output_tokens": "coalesce(sum(e.output_tokens), 0)::bigint",
    "cache_read_tokens": "coalesce(sum(e.cache_read_tokens), 0)::bigint",
    "web_searches": "coalesce(sum(e.web_searches), 0)::bigint",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Which costs. Both days are in it, as they are where `zone` is."""

    since: date
    until: date
    zone: ZoneInfo
    group_by: Sequence[str] = ()
    account_id: int | None = None
    """Whose; None: everybody's."""
    filters: Mapping[str, str] = field(default_factory=dict)
    """By dimension, what it must be: ids of accounts, users and keys."""
    traffic: Traffic = "both"
    """What the sandbox made up stands apart in any case."""
    limit: int = MAX_ROWS
    offset: int = 0
    compare: bool = False
    """Whether what was spent in as many days before is told beside."""

    def check(self) -> None:
        """Raises ValidationError."""
        if unknown := [name for name in (*self.group_by, *self.filters) if name not in DIMENSIONS]:
            raise ValidationError({"group_by": f"{unknown[0]!r} is none of {', '.join(DIMENSIONS)}."})
        if len(self.group_by) > MAX_GROUPS or len(set(self.group_by)) < len(self.group_by):
            raise ValidationError({"group_by": f"{', '.join(self.group_by)}: name at most {MAX_GROUPS}, each once."})
        if not 0 <= (self.until - self.since).days < MAX_DAYS:
            raise ValidationError({"until": f"{self.until} is not from {self.since} to {MAX_DAYS - 1} days later."})
        if not 1 <= self.limit <= MAX_ROWS or self.offset < 0:
            raise ValidationError({"limit": f"{self.limit} is not a whole number from 1 to {MAX_ROWS:,}."})

    @property
    def before(self) -> "Asked":
        """The same of the days before, as many of them."""
        days = self.until - self.since + timedelta(days=1)
        return replace(self, since=self.since - days, until=self.since - timedelta(days=1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """The rows, dearest first or by time, and what all entries of the range come to."""

    asked: Asked
    rows: Sequence[Mapping[str, Any]]
    total: Mapping[str, int]
    is_cut: bool
    """Whether there are more rows than are told; the total has them."""
    before: Mapping[str, int] | None = None
    """What all entries of the days before come to, where that was asked for."""

    @property
    def others(self) -> Mapping[str, int] | None:
        """What the total has beside the rows. None where they are all, and by tag: an entry with several counts for each."""
        if not (self.is_cut or self.asked.offset) or "tag" in self.asked.group_by:
            return None
        names = [name for name in SUMS if name not in NOT_ADDED]
        return {name: self.total[name] - sum(row[name] for row in self.rows) for name in names}

    def as_json(self) -> dict[str, Any]:
        """Money as decimal text in USD."""
        asked, total = self.asked, self.total
        share = total["unpriced_nano"] / total["cost_nano"] if total["cost_nano"] else 0.0
        return {
            "since": asked.since, "until": asked.until, "time_zone": asked.zone.key, "currency": "USD",
            "group_by": list(asked.group_by), "total": {**_in_usd(total), "unpriced_share": round(share, 6)},
            "results": [_in_usd(row) for row in self.rows], "is_cut": self.is_cut,
            "others": _in_usd(self.others) if self.others is not None else None,
            **({"before": self._before()} if self.before is not None else {}),
        }  # fmt: skip

    def _before(self) -> dict[str, Any]:
        """With by which share the cost rose since, below nothing where it fell."""
        now, then = self.total["cost_nano"], (self.before or {})["cost_nano"]
        asked = self.asked.before
        change = round(now / then - 1, 6) if then else None
        return {"since": asked.since, "until": asked.until, "change": change, "total": _in_usd(self.before or {})}


def costs(asked: Asked) -> Costs:
    """Raises ValidationError where too much, or what there is not, is asked for."""
    asked.check()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{MAX_S}s'")
            rows = _rows(cursor, asked, asked.group_by) if asked.group_by else []
            (total,) = _rows(cursor, asked, ())
            before = _rows(cursor, asked.before, ())[0] if asked.compare else None
    except OperationalError as problem:
        raise ValidationError(
            {"since": f"This took longer than {MAX_S} s: ask for fewer days, or of one account."}
        ) from problem
    return Costs(
        asked=asked, rows=_named(rows[: asked.limit]), total=total, is_cut=len(rows) > asked.limit, before=before
    )  # fmt: skip


def _rows(cursor: Any, asked: Asked, group_by: Sequence[str]) -> list[dict[str, Any]]:
    names = [*group_by, *SUMS]
    columns = ", ".join([*(DIMENSIONS[name] for name in group_by), *SUMS.values()])
    times = [place for place, name in enumerate(group_by, 1) if name in {"day", "week", "month"}]
    order = [*map(str, times), f"{len(group_by) + 1} DESC", *map(str, range(1, len(group_by) + 1))]
    grouped = (
        f"GROUP BY {', '.join(map(str, range(1, len(group_by) + 1)))} ORDER BY {', '.join(order)}" if group_by else ""
    )
    page = f"LIMIT {asked.limit + 1} OFFSET {asked.offset}" if group_by else ""
    tags = TAGS if "tag" in (*group_by, *asked.filters) else ""
    wanted = " AND ".join(["e.incurred_at >= %(since)s", "e.incurred_at < %(until)s", *_conditions(asked)])
    cursor.execute(
        f"SELECT {columns} FROM budgets_ledgerentry e {tags} WHERE {wanted} {grouped} {page}",  # noqa: S608 - our own words
        {
            "since": midnight(asked.since, asked.zone), "until": midnight(asked.until + timedelta(days=1), asked.zone),
            "zone": asked.zone.key, "account": asked.account_id,
            **{f"is_{name}": value for name, value in asked.filters.items()},
        },
    )  # fmt: skip
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _in_usd(row: Mapping[str, Any]) -> dict[str, Any]:
    """Nano-dollars as dollars, also by their name."""
    is_money = {name: name.endswith("_nano") for name in row}
    return {
        f"{name.removesuffix('_nano')}_usd" if is_money[name] else name: usd(value) if is_money[name] else value
        for name, value in row.items()
    }


def _conditions(asked: Asked) -> list[str]:
    found = [f"coalesce({DIMENSIONS[name]}, '') = %(is_{name})s" for name in asked.filters]
    if asked.traffic != "both":
        found.append("e.is_sandbox" if asked.traffic == "sandbox" else "NOT e.is_sandbox")
    return [*found, "e.account_id = %(account)s"] if asked.account_id is not None else found


def _named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With the names of accounts, users and keys in the place of their ids."""
    for kind in naming.TABLES:
        names = naming.called(kind, {int(row[kind]) for row in rows if row.get(kind)})
        for row in rows:
            if row.get(kind):
                row[f"{kind}_id"] = int(row[kind])
                row[kind] = names[row[f"{kind}_id"]]
    return [{name: "" if value is None else value for name, value in row.items()} for row in rows]


def this_month(now: datetime, zone: ZoneInfo) -> tuple[date, date]:
    """From its first day to today, as days are there."""
    today = now.astimezone(zone).date()
    return today.replace(day=1), today
