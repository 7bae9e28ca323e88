"""Limits for people: what each is called, how it stands in words and as a bar, what is forecast, and when it begins anew."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db.models import QuerySet

from budgets.alerts import marks
from budgets.choices import AlertState, Measure, Mode, Period, ScopeKind
from budgets.forecasting import forecasts, wording
from budgets.forecasting.types import Forecast
from budgets.formats import NOTHING, count
from budgets.limits import bars
from budgets.limits.bars import Bar
from budgets.limits.names import named
from budgets.limits.seeing import visible_limits
from budgets.limits.standing import Standing, standings
from budgets.models import Account, Alert, Limit
from budgets.models.limits import EACH
from budgets.money import rounded

State = Literal["ok", "near", "triggered", "acknowledged", "idle"]
PERIODS = {
    Period.MINUTE: "a minute", Period.HOUR: "hourly", Period.DAY: "daily", Period.WEEK: "weekly", Period.MONTH: "monthly",
    Period.TOTAL: "in all",
}  # fmt: skip
GRAVE = ("triggered", "near", "acknowledged", "ok", "idle")
"""The gravest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One limit. Amounts are words in its measure."""

    row: Limit
    title: str
    kind: str
    """E.g. "monthly · hard"."""
    state: State
    percent: int
    bar: Bar
    spent: str
    reserved: str
    amount: str
    left: str
    forecast: str
    """What is expected, or the day on which the limit is passed."""
    is_passed: bool
    """Whether that is a day."""
    interval: str
    resets: str
    resets_at: datetime | None


def of_account(user: Any, account: Account) -> QuerySet[Limit]:
    """The limits that count an account's requests, of those that somebody sees."""
    return visible_limits(user).filter(Limit.of_account(account.pk)).select_related("account")


def of_keys(user: Any, account: Account, now: datetime) -> dict[str, Shown]:
    """The limit of each key that has one, the fullest of several, by the key's id."""
    found = shown(of_account(user, account).filter(kind=ScopeKind.KEY, is_active=True), now)
    return {each.row.subject: each for each in sorted(found, key=lambda each: each.percent)}


def shown(limits: Iterable[Limit], now: datetime) -> list[Shown]:
    """Each as it stands now, the gravest first."""
    rows = named(limits)
    stand, ahead = standings([row.pk for row in rows], now), forecasts.forecasts_of(rows)
    known = Alert.objects.filter(subject__in=[f"limit:{row.pk}" for row in rows], state=AlertState.ACKNOWLEDGED)
    in_hand = set(known.values_list("subject", "period_start"))
    found = [
        _shown(row, stand[row.pk], forecasts.beside(stand[row.pk], ahead.get(row.pk)), in_hand, now) for row in rows
    ]
    return sorted(found, key=lambda each: (GRAVE.index(each.state), -each.percent, each.title))


def _shown(
    row: Limit, stands: Standing, ahead: Forecast | None, in_hand: set[tuple[str, datetime]], now: datetime
) -> Shown:
    is_in_hand = (
        stands.state != "ok" and stands.starts_at is not None and (f"limit:{row.pk}", stands.starts_at) in in_hand
    )
    passes_at = ahead.passes_at if ahead else None
    expected = ahead.expected if ahead else None
    return Shown(
        row=row, title=_title(row), kind=f"{_period(row)} · {_mode(row)}", state="acknowledged" if is_in_hand else stands.state,
        percent=marks.percent(stands.spent, row.amount),
        bar=bars.of(row.amount, stands.spent, stands.reserved, row.soft_percent, ahead),
        spent=amount(row, stands.spent), reserved=amount(row, stands.reserved), amount=amount(row, row.amount),
        left=amount(row, stands.left),
        forecast=wording.day(row, passes_at) if passes_at else NOTHING if expected is None else amount(row, expected),
        is_passed=passes_at is not None,
        interval="" if ahead is None or ahead.low is None or ahead.high is None
        else f"{amount(row, ahead.low)} to {amount(row, ahead.high)}",
        resets=until(stands.resets_at, now), resets_at=stands.resets_at,
    )  # fmt: skip


def amount(row: Limit, figure: int) -> str:
    """In the limit's measure, to look at."""
    return rounded(figure) if row.measure == Measure.MONEY else f"{count(figure)} {row.measure}"


def until(moment: datetime | None, now: datetime) -> str:
    """in 6 days, in 10 hours; a dash where it never is."""
    if moment is None or moment <= now:
        return NOTHING
    left = moment - now
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if left >= length:
            number = left // length
            return f"in {number} {unit}{'s' if number > 1 else ''}"
    return "within a minute"


def _title(row: Limit) -> str:
    if row.kind == ScopeKind.SITE:
        return "Whole site"
    if row.kind == ScopeKind.ACCOUNT and row.account:
        return f"Account {row.account.name}"
    if row.subject == EACH:
        return f"Each {row.get_kind_display().lower()}"
    return (
        row.called if row.kind == ScopeKind.USER else f"{row.get_kind_display()} {row.called}".replace("API key", "Key")
    )


def _period(row: Limit) -> str:
    if row.period == Period.DAYS:
        return f"every {row.every_days} days"
    if row.period == Period.RANGE and row.starts_on and row.ends_on:
        return f"{row.starts_on:%-d %b} to {row.ends_on:%-d %b %Y}"
    return PERIODS[Period(row.period)]


def _mode(row: Limit) -> str:
    if row.mode == Mode.PAUSE:
        return f"hard, pauses dear models from {row.soft_percent} %"
    return "hard" if row.mode == Mode.HARD else "alert only"
