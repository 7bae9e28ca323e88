"""Limits that are near, or full: found from outside a request, by what their counters say."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import connection

from budgets.alerts import marks
from budgets.alerts.raising import raise_alert, settle
from budgets.alerts.types import Finding
from budgets.choices import Measure, ScopeKind
from budgets.models import Account, ApiKey
from budgets.money import named_amounts, rounded, rounded_of_both

FIND = """
    SELECT l.kind, coalesce(nullif(c.subject, ''), l.subject) AS scope, l.account_id, l.measure, l.period, l.amount,
           l.soft_percent, c.spent, c.reserved, c.sandbox, c.period_start,
           budget_period_end(l.period, c.period_start, l.zone, l.every_days, l.ends_on) AS resets_at, m.subject
    FROM budgets_limit l
    JOIN budgets_counter c ON c.limit_id = l.id AND c.measure = l.measure AND c.period = l.period
        AND c.period_start >= coalesce(
            budget_period_start(l.period, %(since)s, l.zone, l.every_days, l.starts_on, l.ends_on), %(since)s)
    CROSS JOIN LATERAL (SELECT concat_ws(':', 'limit', l.id, nullif(c.subject, '')) AS subject) m
    LEFT JOIN budgets_alert a ON a.subject = m.subject AND a.period_start = c.period_start
    WHERE l.is_active AND l.period <> 'minute' AND l.amount > 0 AND (
        c.spent >= l.amount * %(full)s AND coalesce(a.told, 'ok') <> 'triggered'
        OR c.spent * 100 >= l.amount * l.soft_percent AND coalesce(a.told, 'ok') = 'ok'
        OR c.spent * 100 < l.amount * l.soft_percent * %(well)s AND a.told <> 'ok')
    ORDER BY l.id, c.id
"""
"""The periods that ran since the last look, those that ended meanwhile among them, where there is something to be told anew. A
rate per minute is no budget."""


PERIODS = {
    "hour": "hourly", "day": "daily", "week": "weekly", "month": "monthly", "days": "periodic", "range": "dated",
    "total": "total",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """A limit in one of its periods. Figures are in its measure."""

    kind: str
    scope: str
    account_id: int | None
    measure: str
    period: str
    amount: int
    soft_percent: int
    spent: int
    reserved: int
    sandbox: int
    period_start: datetime
    resets_at: datetime | None
    subject: str

    @property
    def used(self) -> str:
        """In words, e.g. "$8.00 of $10.00 spent"; what the sandbox made up stands apart."""
        if self.measure != Measure.MONEY:
            return f"{self.spent:,} of {self.amount:,} {self.measure}"
        return f"{rounded_of_both(self.spent - self.sandbox, self.sandbox)} of {rounded(self.amount)} spent"


def check(since: datetime) -> int:
    """Tell of the limits that passed a mark since then. Returns how many were told."""
    return sum(_told(each) for each in _found(since))


def _found(since: datetime) -> list[Reached]:
    with connection.cursor() as cursor:
        cursor.execute(FIND, {"since": since, "full": marks.FULL, "well": marks.WELL})
        names = [column.name for column in cursor.description]
        return [Reached(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _told(reached: Reached) -> bool:
    state = marks.state_at(reached.spent, reached.amount, reached.soft_percent)
    if state is None:
        settle(reached.subject, reached.period_start)
        return False
    whose = concerned(reached.kind, reached.scope, reached.account_id)
    percent = marks.percent(reached.spent, reached.amount)
    return raise_alert(
        Finding(
            kind="limit", account_id=whose.account_id, user_id=whose.user_id, subject=reached.subject,
            period_start=reached.period_start, state=state, figures=_figures(reached, percent),
            title=f"{whose.name}, {PERIODS[reached.period]} limit: {reached.used}, {percent} %",
        )
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Concerned:
    """The account and the person whom a limit concerns, and what its scope is called."""

    account_id: int | None
    user_id: int | None = None
    name: str


def concerned(kind: str, scope: str, account_id: int | None) -> Concerned:
    """Whom a limit of that scope and account concerns. What is not there any more is the site's."""
    if kind == ScopeKind.KEY and (key := ApiKey.objects.filter(pk=scope).first()):
        return Concerned(account_id=key.account_id, user_id=key.user_id, name=f"Key {key.name}")
    if kind == ScopeKind.ACCOUNT and (account := Account.objects.filter(pk=scope).first()):
        return Concerned(account_id=account.pk, name=f"Account {account.name}")
    if kind == ScopeKind.USER and (user := User.objects.filter(pk=scope).first()):
        own = list(user.memberships.values_list("account", flat=True)[:2])
        only = own[0] if len(own) == 1 else None
        return Concerned(account_id=account_id or only, user_id=user.pk, name=user.username)
    return Concerned(account_id=account_id, name=f"{ScopeKind(kind).label} {scope}".strip())


def _figures(reached: Reached, percent: int) -> dict[str, Any]:
    amounts = {"spent": reached.spent, "reserved": reached.reserved, "limit": reached.amount}
    if reached.measure == Measure.MONEY:
        amounts["sandbox"] = reached.sandbox
    resets_at = reached.resets_at and reached.resets_at.isoformat()
    return {**named_amounts(reached.measure, amounts), "percent": percent, "resets_at": resets_at}
