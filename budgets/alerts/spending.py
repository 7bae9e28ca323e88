"""Alerts on a person's own spend, or an account's, without a limit behind them: found from outside a request, in the ledger."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import F, Q

from budgets.alerts import marks, windows
from budgets.alerts.raising import raise_alert, settle
from budgets.alerts.types import Finding, FoundState
from budgets.alerts.windows import Span
from budgets.choices import AlertState, Window
from budgets.models import Account, Alert, AlertRule, Membership
from budgets.money import dollars, dollars_of_both, usd
from budgets.types import to_nano

Key = TypeVar("Key", int, str)
SUM = """
    SELECT coalesce(sum(amount_nano), 0)::bigint, coalesce(sum(amount_nano) FILTER (WHERE is_sandbox), 0)::bigint
    FROM budgets_ledgerentry
    WHERE (%(user_id)s::bigint IS NULL OR user_id = %(user_id)s)
      AND incurred_at >= %(start)s AND incurred_at < coalesce(%(end)s::timestamptz, 'infinity')
      AND (%(account_id)s::bigint IS NULL OR account_id = %(account_id)s)
"""
NOW = """
    SELECT i.id, coalesce(sum(e.amount_nano), 0)::bigint
    FROM unnest(%(rules)s::bigint[], %(users)s::bigint[], %(accounts)s::bigint[], %(starts)s::timestamptz[])
        AS i (id, user_id, account_id, start)
    LEFT JOIN budgets_ledgerentry e
        ON e.user_id = i.user_id AND e.account_id = i.account_id AND e.incurred_at >= i.start
    GROUP BY i.id
"""
ACTIVE = """
    SELECT 'user', u.id FROM unnest(%(users)s::bigint[]) AS u (id)
    WHERE EXISTS (SELECT FROM budgets_ledgerentry e WHERE e.user_id = u.id AND e.incurred_at >= %(since)s)
    UNION ALL SELECT 'account', a.id FROM unnest(%(accounts)s::bigint[]) AS a (id)
    WHERE EXISTS (SELECT FROM budgets_ledgerentry e WHERE e.account_id = a.id AND e.incurred_at >= %(since)s)
"""
LATE = timedelta(minutes=15)
"""So long after it was reserved an entry may come to be seen: answers take their time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """An amount of a person's spend, or an account's, that is to be told of when it is passed."""

    subject: str
    """As in Finding."""
    user_id: int | None
    """Whose spend counts; None: everybody's in the account."""
    account_id: int | None
    """In which account it counts; None: in all."""
    amount_nano: int
    window: str
    """One of budgets.choices.Window."""
    zone: ZoneInfo
    channels: tuple[UUID, ...] = ()
    """By which it is told; none: by all of their own."""

    @property
    def spender(self) -> tuple[str, int | None]:
        return ("account", self.account_id) if self.user_id is None else ("user", self.user_id)


SOURCES: list[Callable[[], Iterable[Threshold]]] = []
"""Where thresholds come from: the members' own, and what other apps know of their users."""


def source(given: Callable[[], Iterable[Threshold]]) -> Callable[[], Iterable[Threshold]]:
    """Have what it returns looked at, each time."""
    SOURCES.append(given)
    return given


@source
def of_rules() -> Iterator[Threshold]:
    """Those that members made, while they are members."""
    members = Q(user__memberships__account=F("account"), user__memberships__is_active=True)
    on = AlertRule.objects.filter(members, is_active=True, user__is_active=True, account__is_active=True)
    return map(of_rule, on.select_related("account"))


def of_rule(rule: AlertRule) -> Threshold:
    return Threshold(
        subject=f"rule:{rule.pk}", user_id=rule.user_id, account_id=rule.account_id, window=rule.window,
        amount_nano=to_nano(rule.amount_usd), zone=ZoneInfo(rule.account.timezone), channels=tuple(rule.channels),
    )  # fmt: skip


def daily(usd_by_user: Mapping[int, Decimal]) -> list[Threshold]:
    """An amount of each of these users, of what they spend a day in all their accounts. It is a day of their account's zone; of
    UTC, where they belong to accounts in several."""
    zones: dict[int, set[str]] = defaultdict(set)
    accounts: dict[int, set[int]] = defaultdict(set)
    held = Membership.objects.filter(user__in=usd_by_user, is_active=True)
    for user_id, account_id, zone in held.values_list("user_id", "account_id", "account__timezone"):
        zones[user_id].add(zone)
        accounts[user_id].add(account_id)
    return [
        Threshold(
            subject=f"daily:{user_id}", user_id=user_id, account_id=_only(accounts[user_id]), amount_nano=to_nano(amount),
            window=Window.DAY, zone=ZoneInfo(_only(zones[user_id]) or "UTC"),
        )
        for user_id, amount in usd_by_user.items()
    ]  # fmt: skip


def daily_of_accounts(usd_by_account: Mapping[int, Decimal]) -> list[Threshold]:
    """An amount of each of these accounts, of what all of it spends a day of its zone."""
    zones = Account.objects.filter(pk__in=usd_by_account, is_active=True).values_list("pk", "timezone")
    return [
        Threshold(
            subject=f"daily-account:{account_id}", user_id=None, account_id=account_id, window=Window.DAY,
            amount_nano=to_nano(usd_by_account[account_id]), zone=ZoneInfo(zone),
        )
        for account_id, zone in zones
    ]  # fmt: skip


def _only(found: set[Key]) -> Key | None:
    return next(iter(found)) if len(found) == 1 else None


def check(since: datetime, now: datetime) -> int:
    """Tell of the spend that passed a mark since then. Returns how many were told."""
    thresholds = [each for source in SOURCES for each in source()]
    open_now = _open([each.subject for each in thresholds])
    spenders = _spenders({each.spender for each in thresholds}, since - LATE)
    spent_in = cache(_spent_in)
    return sum(
        _told(each, span, spent_in)
        for each in thresholds
        if each.spender in spenders or each.subject in open_now
        for span in windows.spans(each.window, since - LATE, now, each.zone)
    )


def spent_now(rules: Sequence[AlertRule], now: datetime) -> Mapping[int, int]:
    """What counts for each of them at present, in nano-dollars, by its id."""
    starts = [list(windows.spans(rule.window, now, now, ZoneInfo(rule.account.timezone)))[-1].start for rule in rules]
    values: dict[str, Any] = {
        "rules": [rule.pk for rule in rules], "users": [rule.user_id for rule in rules],
        "accounts": [rule.account_id for rule in rules], "starts": starts,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(NOW, values)
        return dict(cursor.fetchall())


def _told(
    threshold: Threshold, span: Span, spent_in: Callable[[int | None, int | None, Span], tuple[int, int]]
) -> bool:
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
    whose = "The account's" if threshold.user_id is None else "Your"
    return Finding(
        kind="spend", account_id=threshold.account_id, user_id=threshold.user_id, subject=threshold.subject,
        period_start=span.period_start, state=state,
        title=f"{whose} spend in {over}: {dollars_of_both(used - sandbox, sandbox)}, {percent} % of "
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


def _spenders(wanted: set[tuple[str, int | None]], since: datetime) -> set[tuple[str, int | None]]:
    """Those of the users and accounts who spent something since then: a look at the index for each."""
    named = {f"{kind}s": [each for of, each in wanted if of == kind] for kind in ("user", "account")}
    with connection.cursor() as cursor:
        cursor.execute(ACTIVE, {**named, "since": since})
        return set(cursor.fetchall())


def _spent_in(user_id: int | None, account_id: int | None, span: Span) -> tuple[int, int]:
    """In nano-dollars, and how much of it the sandbox made up."""
    with connection.cursor() as cursor:
        cursor.execute(SUM, {"user_id": user_id, "account_id": account_id, "start": span.start, "end": span.end})
        found: tuple[int, int] = cursor.fetchone()
    return found
