"""Where limits stand in the periods that run: spent, reserved, left, when they begin anew, and how grave that is."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import connection

from budgets.alerts import marks

State = Literal["ok", "near", "triggered", "idle"]
"""Near: from its soft mark on. Triggered: full, see budgets.alerts.marks. Idle: outside its days, or off."""
READ = """
SELECT l.id, l.amount, l.soft_percent, p.start IS NOT NULL AND l.is_active, p.start,
       budget_period_end(l.period, p.start, l.zone, l.every_days, l.ends_on),
       coalesce(c.subject, ''), coalesce(c.spent, 0), coalesce(c.reserved, 0), coalesce(c.sandbox, 0)
FROM budgets_limit l CROSS JOIN LATERAL (
    SELECT budget_period_start(l.period, %s, l.zone, l.every_days, l.starts_on, l.ends_on) AS start
) p LEFT JOIN LATERAL (
    SELECT c.* FROM budgets_counter c
    WHERE c.limit_id = l.id AND c.period_start = p.start AND c.period = l.period AND c.measure = l.measure
    ORDER BY c.spent + c.reserved DESC
    LIMIT 1
) c ON true
WHERE l.id = ANY (%s)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Of one limit, in its own measure; of a limit of each, where the fullest of them stands."""

    amount: int
    soft_percent: int
    is_running: bool
    starts_at: datetime | None
    resets_at: datetime | None
    fullest: str
    """Which one that is, of a limit of each; else empty."""
    spent: int
    reserved: int
    sandbox: int

    @property
    def left(self) -> int:
        """Never below nothing, also where the amount was lowered below what is spent."""
        return max(0, self.amount - self.spent - self.reserved)

    @property
    def state(self) -> State:
        if not self.is_running:
            return "idle"
        return marks.state_at(self.spent, self.amount, self.soft_percent) or "ok"

    def share(self, figure: int) -> float:
        """Percent of the amount, at most 100."""
        return min(100.0, 100 * figure / self.amount) if self.amount else 100.0


def standings(limit_ids: Collection[int], now: datetime) -> dict[int, Standing]:
    """By the limits' ids, in one query."""
    names = (
        "amount",
        "soft_percent",
        "is_running",
        "starts_at",
        "resets_at",
        "fullest",
        "spent",
        "reserved",
        "sandbox",
    )
    with connection.cursor() as cursor:
        cursor.execute(READ, [now, list(limit_ids)])
        return {row[0]: Standing(**dict(zip(names, row[1:], strict=True))) for row in cursor.fetchall()}
