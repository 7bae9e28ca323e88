"""Alerts on a person's own spend, without a limit behind them: found from outside a request, in the ledger."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import F

from budgets.alerts import marks, windows
from budgets.alerts.raising import raise_alert, settle
from budgets.alerts.types import Finding, FoundState
from budgets.alerts.windows import Span
from budgets.choices import AlertState, Window
from budgets.models import Account, Alert, AlertRule
from budgets.money import dollars, dollars_of_both, usd
from budgets.types import to_nano

SUM = """
    SELECT coalesce(sum(amount_nano), 0)::bigint, coalesce(sum(amount_nano) FILTER (WHERE is_sandbox), 0)::bigint
    FROM budgets_ledgerentry
    WHERE user_id = %(user_id)s AND settled_at >= %(start)s AND settled_at < coalesce(%(end)s::timestamptz, 'infinity')
      AND (%(account_id)s::bigint IS NULL OR account_id = %(account_id)s)
"""
ACTIVE = """
    SELECT u.id FROM unnest(%(users)s::bigint[]) AS u (id)
    WHERE EXISTS (SELECT FROM budgets_ledgerentry e WHERE e.user_id = u.id AND e.settled_at >= %(since)s)
"""
LATE = timedelta(minutes=1)
"""So long after its moment an entry may come to be seen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """An amount of one's own spend that is to be told of when it is passed."""

    subject: str
    """As in Finding."""
    user_id: int
    account_id: int | None
    """In which account it counts; None: in all."""
    amount_nano: int
    window: str
    """One of budgets.choices.Window."""
    zone: ZoneInfo
    channels: tuple[UUID, ...] = ()
    """By which it is told; none: by all of their own."""


SOURCES: list[Callable[[], Iterable[Threshold]]] = []
"""Where thresholds come from: the members' own, and what other apps know of their users."""


def source(given: Callable[[], Iterable[Threshold]]) -> Callable[[], Iterable[Threshold]]:
    """Have what it returns looked at, each time."""
    SOURCES.append(given)
    return given


@source
def of_rules() -> Iterator[Threshold]:
    """Those that members made, while they are members."""
    on = AlertRule.objects.filter(is_active=True, user__is_active=True, user__memberships__account=F("account"))
    for rule in on.select_related("account"):
        yield Threshold(
            subject=f"rule:{rule.pk}", user_id=rule.user_id, account_id=rule.account_id, window=rule.window,
            amount_nano=to_nano(rule.amount_usd), zone=zone_of(rule.account), channels=tuple(rule.channels),
        )  # fmt: skip


def zone_of(_account: Account | None) -> ZoneInfo:
    """In which its days begin; UTC where it is no one account's."""
    return ZoneInfo("UTC")


def check(since: datetime, now: datetime) -> int:
    """Tell of the spend that passed a mark since then. Returns how many were told."""
    thresholds = [each for source in SOURCES for each in source()]
    open_now = _open([each.subject for each in thresholds])
    spenders = _spenders({each.user_id for each in thresholds}, since - LATE)
    spent_in = cache(_spent_in)
    return sum(
        _told(each, span, spent_in)
        for each in thresholds
        if each.user_id in spenders or each.subject in open_now
        for span in windows.spans(each.window, since - LATE, now, each.zone)
    )


def spent(threshold: Threshold, now: datetime) -> int:
    """What counts for it at present, in nano-dollars."""
    *_, running = windows.spans(threshold.window, now, now, threshold.zone)
    return _spent_in(threshold.user_id, threshold.account_id, running)[0]


def _told(threshold: Threshold, span: Span, spent_in: Callable[[int, int | None, Span], tuple[int, int]]) -> bool:
    used, sandbox = spent_in(threshold.user_id, threshold.account_id, span)
    state = marks.state_at(used, threshold.amount_nano)
    if state is not None:
        return raise_alert(_finding(threshold, state, span, used, sandbox), threshold.channels)
    if marks.is_well(used, threshold.amount_nano):
        settle(threshold.subject, span.period_start)
    return False


def _finding(threshold: Threshold, state: FoundState, span: Span, used: int, sandbox: int) -> Finding:
    percent = marks.percent(used, threshold.amount_nano)
    over = Window(threshold.window).label.lower()
    return Finding(
        kind="spend", account_id=threshold.account_id, user_id=threshold.user_id, subject=threshold.subject,
        period_start=span.period_start, state=state,
        title=f"Your spend in {over}: {dollars_of_both(used - sandbox, sandbox)}, {percent} % of "
        f"{dollars(threshold.amount_nano)}",
        figures={
            "spent_usd": usd(used), "threshold_usd": usd(threshold.amount_nano), "sandbox_usd": usd(sandbox),
            "percent": percent, "window": threshold.window,
        },
    )  # fmt: skip


def _open(subjects: list[str]) -> set[str]:
    """What rolls and was told: it gets well without anybody spending anything."""
    found = Alert.objects.filter(subject__in=subjects, period_start=windows.NO_PERIOD)
    return set(found.exclude(told=AlertState.OK).values_list("subject", flat=True))


def _spenders(users: set[int], since: datetime) -> set[int]:
    """Those of the users who spent something since then: a look at the index for each."""
    with connection.cursor() as cursor:
        cursor.execute(ACTIVE, {"users": sorted(users), "since": since})
        return {row[0] for row in cursor.fetchall()}


def _spent_in(user_id: int, account_id: int | None, span: Span) -> tuple[int, int]:
    """In nano-dollars, and how much of it the sandbox made up."""
    with connection.cursor() as cursor:
        cursor.execute(SUM, {"user_id": user_id, "account_id": account_id, "start": span.start, "end": span.end})
        found: tuple[int, int] = cursor.fetchone()
    return found
