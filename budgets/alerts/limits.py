"""Limits that are near, or full: found from outside a request, by what their counters say."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import connection

from budgets.alerts import marks
from budgets.alerts.raising import raise_alert, settle
from budgets.alerts.types import Finding
from budgets.choices import Measure, Period, ScopeKind
from budgets.models import Account, ApiKey, Membership
from budgets.money import dollars_of_both, usd

FIND = """
    SELECT l.kind, l.subject AS scope, l.measure, l.period, l.amount, c.spent, c.reserved, c.sandbox, c.period_start,
           budget_period_end(l.period, c.period_start) AS resets_at, 'limit:' || l.id AS subject
    FROM budgets_limit l
    JOIN budgets_counter c ON c.limit_id = l.id AND c.measure = l.measure AND c.period = l.period
        AND c.period_start >= budget_period_start(l.period, %(since)s)
    LEFT JOIN budgets_alert a ON a.subject = 'limit:' || l.id AND a.period_start = c.period_start
    WHERE l.is_active AND l.period <> 'minute' AND l.amount > 0 AND (
        c.spent >= l.amount * %(full)s AND coalesce(a.told, 'ok') <> 'triggered'
        OR c.spent >= l.amount * %(near)s AND coalesce(a.told, 'ok') = 'ok'
        OR c.spent < l.amount * %(well)s AND a.told <> 'ok')
    ORDER BY l.id, c.period_start
"""
"""The periods that ran since the last look, those that ended meanwhile among them, where there is something to be told anew. A rate
per minute is no budget. One look at the counters' index for each limit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """A limit in one of its periods. Figures are in its measure."""

    kind: str
    scope: str
    measure: str
    period: str
    amount: int
    spent: int
    reserved: int
    sandbox: int
    period_start: datetime
    resets_at: datetime | None
    subject: str

    def shown(self, amount: int, sandbox: int = 0) -> str:
        return (
            dollars_of_both(amount - sandbox, sandbox)
            if self.measure == Measure.MONEY
            else f"{amount:,} {self.measure}"
        )


def check(since: datetime) -> int:
    """Tell of the limits that passed a mark since then. Returns how many were told."""
    return sum(_told(each) for each in _found(since))


def _found(since: datetime) -> Iterator[Reached]:
    near = marks.SOFT_PERCENT
    values = {"since": since, "full": marks.FULL, "near": near / 100, "well": near / 100 * float(marks.WELL)}
    with connection.cursor() as cursor:
        cursor.execute(FIND, values)
        names = [column.name for column in cursor.description]
        return iter([Reached(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()])


def _told(reached: Reached) -> bool:
    state = marks.state_at(reached.spent, reached.amount)
    if state is None:
        settle(reached.subject, reached.period_start)
        return False
    account_id, user_id, name = whose(reached.kind, reached.scope)
    percent = marks.percent(reached.spent, reached.amount)
    return raise_alert(
        Finding(
            kind="limit", account_id=account_id, user_id=user_id, subject=reached.subject,
            period_start=reached.period_start, state=state, figures=_figures(reached, percent),
            title=f"{name}, {_per(reached.period)}: {reached.shown(reached.spent, reached.sandbox)} of "
            f"{reached.shown(reached.amount)} is spent, {percent} %",
        )
    )  # fmt: skip


def whose(kind: str, scope: str) -> tuple[int | None, int | None, str]:
    """The account and the person whom it concerns, and what its scope is called."""
    if kind == ScopeKind.ACCOUNT:
        return int(scope), None, f"Account {Account.objects.filter(pk=scope).values_list('name', flat=True).first()}"
    if kind == ScopeKind.KEY:
        account_id, user_id, name = ApiKey.objects.values_list("account", "user", "name").get(pk=scope)
        return account_id, user_id, f"Key {name}"
    if kind == ScopeKind.USER:
        own = list(Membership.objects.filter(user=scope).values_list("account", flat=True)[:2])
        name = User.objects.filter(pk=scope).values_list("username", flat=True).first()
        return own[0] if len(own) == 1 else None, int(scope), str(name)
    return None, None, "Whole site" if kind == ScopeKind.SITE else f"{kind.capitalize()} {scope}"


def _per(period: str) -> str:
    return {Period.TOTAL.value: "in all", Period.DAY.value: "daily"}.get(period, f"{period}ly")


def _figures(reached: Reached, percent: int) -> dict[str, Any]:
    amounts = {
        "spent": reached.spent,
        "reserved": reached.reserved,
        "limit": reached.amount,
        "sandbox": reached.sandbox,
    }
    is_money = reached.measure == Measure.MONEY
    shown = {f"{name}_usd": usd(each) for name, each in amounts.items()} if is_money else {
        f"{name}_{reached.measure}": each for name, each in amounts.items() if name != "sandbox"
    }  # fmt: skip
    return {**shown, "percent": percent, "resets_at": reached.resets_at and reached.resets_at.isoformat()}
