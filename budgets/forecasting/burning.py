"""What an account spends in its running period beside its limit: figures in words, the bar, and the chart."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from budgets import formats
from budgets.alerts import marks
from budgets.choices import Period
from budgets.forecasting import chart, forecasts
from budgets.forecasting.chart import HEIGHT, WIDTH, Chart
from budgets.forecasting.forecasts import Outlook
from budgets.forecasting.types import Forecast
from budgets.forecasting.wording import day, estimate, sentence
from budgets.limits import bars, main
from budgets.limits.bars import Bar
from budgets.limits.standing import Standing, State, standings
from budgets.models import Limit
from budgets.money import dollars_of_both, rounded

TITLES = {
    Period.DAY: "Spend today", Period.WEEK: "Spend this week", Period.MONTH: "Spend this month",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """A row of the table that says the same as the chart."""

    day: str
    spent: str
    expected: str
    between: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Burn:
    """Amounts are words. What is said of the limit is empty where there is none."""

    title: str
    start: datetime
    """Of the period, on the account's clock."""
    before: datetime
    """When the one before began."""
    resets: str
    spent: str
    chart: Chart
    days: tuple[Day, ...]
    label: str
    """The chart in one sentence."""
    expected: str
    """Empty where too little is known."""
    interval: str
    expected_y: float
    spent_y: float
    """Percent from the top."""
    amount: str = ""
    percent: int = 0
    state: State = "ok"
    left: str = ""
    reserved: str = ""
    passes: str = ""
    bar: Bar | None = None
    is_empty: bool = False
    """Nothing was spent and there is no limit: there is nothing to draw."""
    box: tuple[int, int] = (WIDTH, HEIGHT)


def burn_of(account_id: int, zone: ZoneInfo, now: datetime) -> Burn:
    """By the account's own limit where it has one that is running, else its month on its own clock."""
    limit = main.of_account(account_id)
    outlook = forecasts.look_ahead(limit, now) if limit else None
    if limit is None or outlook is None:
        unbounded = Limit(amount=0, period=Period.MONTH, zone=zone.key)
        return _burn(unbounded, forecasts.month_of(account_id, zone, now), {})
    return _burn(limit, outlook, _standing(limit, outlook.forecast, standings([limit.pk], now)[limit.pk]))


def _burn(limit: Limit, outlook: Outlook, standing: Mapping[str, Any]) -> Burn:
    forecast, zone = outlook.forecast, ZoneInfo(limit.zone)
    drawn, expected = chart.draw(outlook, limit.amount, zone), forecast.expected
    start = forecast.period_start.astimezone(zone)
    return Burn(
        title=TITLES.get(Period(limit.period), "Spend in this period"), start=start,
        before=chart.period_before(forecast.period_start, forecast.period_end, zone), chart=drawn,
        resets=_in(forecast.period_end - forecast.made_at), days=tuple(_days(limit, drawn)),
        expected="" if expected is None else estimate(limit, expected), interval=_interval(limit, forecast.low, forecast.high),
        expected_y=100 * (1 - (expected or 0) / drawn.top), spent_y=100 * (1 - forecast.spent / drawn.top),
        label=f"Spend since {formats.day(start)}: {rounded(forecast.spent)}; {sentence(limit, forecast)} by the end",
        is_empty=not (standing or forecast.spent), **{"spent": rounded(forecast.spent), **standing},
    )  # fmt: skip


def _standing(limit: Limit, forecast: Forecast, stands: Standing) -> Mapping[str, Any]:
    """What is said beside the limit."""
    spent = rounded(stands.spent)
    if 0 < stands.sandbox < stands.spent:
        spent = dollars_of_both(stands.spent - stands.sandbox, stands.sandbox)
    return {
        "spent": spent, "amount": rounded(limit.amount), "percent": marks.percent(stands.spent, limit.amount),
        "state": stands.state, "left": rounded(stands.left), "reserved": rounded(stands.reserved),
        "passes": _passes(limit, forecast),
        "bar": bars.of(limit.amount, stands.spent, stands.reserved, limit.soft_percent, forecast),
    }  # fmt: skip


def _passes(limit: Limit, forecast: Forecast) -> str:
    if forecast.spent >= limit.amount:
        return "already"
    return f"on {day(limit, forecast.passes_at)}" if forecast.passes_at else "not" if forecast.is_known else ""


def _interval(limit: Limit, low: int | None, high: int | None) -> str:
    return "" if low is None or high is None else f"{estimate(limit, low)} to {estimate(limit, high)}"


def _days(limit: Limit, drawn: Chart) -> Iterator[Day]:
    for row in drawn.rows:
        yield Day(
            day=row.day, spent="" if row.spent is None else rounded(row.spent),
            expected="" if row.expected is None else estimate(limit, row.expected),
            between=_interval(limit, row.low, row.high),
        )  # fmt: skip


def _in(left: timedelta) -> str:
    """6 days, 10 hours."""
    parts = [(left.days, "day"), (left.seconds // 3600, "hour")]
    told = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in parts if count]
    return ", ".join(told) or "less than an hour"
