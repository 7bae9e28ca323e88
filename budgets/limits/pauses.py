"""Limits that pause the dear models: which are over their soft mark, as a process holds them in memory.

The database marks the first reservation that finds one there and tells everybody (sql/counters.sql, mark_paused); each then reads
them anew with the other limits. A pause ends with its period.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from django.db import connection

from budgets.types import Caller

Tier = Literal["cheap", "mid"]
READ = """
SELECT l.kind || ':' || l.subject, l.account_id, l.max_tier, c.spent * 100 / greatest(1, l.amount), l.measure, l.period,
       budget_period_end(l.period, c.period_start, l.zone, l.every_days, l.ends_on)
FROM budgets_limit l JOIN budgets_counter c ON c.limit_id = l.id AND c.subject = ''
    AND c.period_start = budget_period_start(
        l.period, clock_timestamp(), l.zone, l.every_days, l.starts_on, l.ends_on
    ) AND c.period = l.period AND c.measure = l.measure
WHERE l.is_active AND l.mode = 'pause' AND c.spent * 100 >= l.amount * l.soft_percent
ORDER BY l.id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """Of one limit, until its period ends (None: never). Models of dearer tiers than `max_tier` answer nothing."""

    scope: str
    account_id: int | None
    max_tier: Tier
    percent: int
    measure: str
    period: str
    until: datetime | None

    def __str__(self) -> str:
        """For people: "the limit of money per day of account:7 is at 82 %, until 2026-11-30 00:00 UTC"."""
        kind = self.scope.partition(":")[0]
        end = f", until {self.until:%Y-%m-%d %H:%M} UTC" if self.until else ""
        return f"the {self.period} limit of {self.measure} of this {kind} is at {self.percent} %{end}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pauses:
    """All of them, by scope. False where there are none, as nearly always."""

    by_scope: Mapping[str, tuple[Pause, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.by_scope)

    def strictest(self, caller: Caller, named: Iterable[str], now: datetime) -> Pause | None:
        """The one that leaves the cheapest tiers only, for a request of the caller; `named` are scopes that it names itself."""
        scopes = ("site:", f"account:{caller.account_id}", f"key:{caller.key_id}", f"user:{caller.user_id}", *named)
        found = [
            pause
            for scope in scopes
            for pause in self.by_scope.get(scope, ())
            if pause.account_id in {None, caller.account_id} and (pause.until is None or now < pause.until)
        ]
        return min(found, key=lambda pause: pause.max_tier, default=None)


NONE = Pauses()


def load() -> Pauses:
    """From the database."""
    by_scope: dict[str, tuple[Pause, ...]] = {}
    names = ("scope", "account_id", "max_tier", "percent", "measure", "period", "until")
    with connection.cursor() as cursor:
        cursor.execute(READ)
        for row in cursor.fetchall():
            pause = Pause(**dict(zip(names, row, strict=True)))
            by_scope[pause.scope] = (*by_scope.get(pause.scope, ()), pause)
    return Pauses(by_scope=by_scope)
