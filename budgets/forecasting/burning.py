"""What an account spends in its running period beside its limit: figures in words, the bar, and the chart."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from budgets import formats
from budgets.choices import Period
from budgets.forecasting import chart, forecasts
from budgets.forecasting.chart import HEADROOM, HEIGHT, WIDTH, Chart
from budgets.forecasting.forecasts import Outlook
from budgets.forecasting.types import Forecast
from budgets.forecasting.wording import day, estimate
from budgets.limits import main
from budgets.limits.standing import Standing, State, standings
from budgets.models import Limit
from budgets.money import dollars_of_both, rounded

TITLES = {
    Period.DAY: "Spend today", Period.WEEK: "Spend this week", Period.MONTH: "Spend this month",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """Places in percent of the whole bar, which goes a little beyond the limit or the forecast."""

    limit: float
    spent: float
    held: float
    near: float
    low: float | None
    high: float | None
    expected: float | None
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """A row of the table that says the same as the chart."""

    day: str
    spent: str
    expected: str
    between: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Burn:
    title: str
    start: datetime
    """Of the period, on the account's clock."""
    before: datetime
    """When the one before began."""
    spent: str
    of: str
    """The limit and how much of it is spent; empty where there is none."""
    resets: str
    state: State
    facts: tuple[tuple[str, str], ...]
    """A word, and its figure."""
    bar: Bar | None
    """None where there is no limit."""
    chart: Chart
    limit: str
    expected: str
    """As short as beside a line; empty where too little is known."""
    expected_y: float
    spent_y: float
    """Percent from the top."""
    label: str
    """The chart in one sentence."""
    days: tuple[Day, ...]
    is_empty: bool
    """Nothing was spent and there is no limit: there is no chart."""
    box: tuple[int, int] = (WIDTH, HEIGHT)


def burn_of(account_id: int, zone: ZoneInfo, now: datetime) -> Burn:
    """By the account's own limit where it has one that is running, else its month on its own clock."""
    limit = main.of_account(account_id)
    outlook = forecasts.look_ahead(limit, now) if limit else None
    if limit is None or outlook is None:
        return _burn(
            Limit(amount=0, period=Period.MONTH, zone=zone.key), forecasts.month_of(account_id, zone, now), None
        )
    return _burn(limit, outlook, standings([limit.pk], now)[limit.pk])


def _burn(limit: Limit, outlook: Outlook, stands: Standing | None) -> Burn:
    forecast, zone = outlook.forecast, ZoneInfo(limit.zone)
    drawn = chart.draw(outlook, limit.amount, zone)
    of = f"of {rounded(limit.amount)} · {formats.percent(forecast.spent, limit.amount)}" if stands else ""
    facts = tuple(_facts(limit, forecast, stands))
    return Burn(
        title=TITLES.get(Period(limit.period), "Spend in this period"), start=forecast.period_start.astimezone(zone),
        before=chart.period_before(forecast.period_start, forecast.period_end, zone),
        spent=_spent(forecast, stands), of=of, resets=_in(forecast.period_end - forecast.made_at),
        state=stands.state if stands else "ok", facts=facts, bar=_bar(forecast, stands, facts) if stands else None,
        chart=drawn, limit=rounded(limit.amount) if stands else "",
        expected="" if forecast.expected is None else estimate(limit, forecast.expected),
        expected_y=100 * (1 - (forecast.expected or 0) / drawn.top), spent_y=100 * (1 - forecast.spent / drawn.top),
        label=_label(forecast, of, facts, zone), days=tuple(_days(limit, drawn)),
        is_empty=not (stands or forecast.spent),
    )  # fmt: skip


def _spent(forecast: Forecast, stands: Standing | None) -> str:
    if stands and 0 < stands.sandbox < stands.spent:
        return dollars_of_both(stands.spent - stands.sandbox, stands.sandbox)
    return rounded(forecast.spent)


def _facts(limit: Limit, forecast: Forecast, stands: Standing | None) -> Iterator[tuple[str, str]]:
    if stands:
        yield "left", rounded(stands.left)
        yield "reserved", rounded(stands.reserved)
    yield "forecast", _forecast(limit, forecast)
    if stands and forecast.is_known:
        is_full = forecast.spent >= limit.amount
        at = day(limit, forecast.passes_at) if forecast.passes_at else ""
        yield "passes the limit", "already" if is_full else f"on {at}" if at else "not in this period"


def _forecast(limit: Limit, forecast: Forecast) -> str:
    if forecast.expected is None or forecast.low is None or forecast.high is None:
        return "not yet: too little history"
    between = f"{estimate(limit, forecast.low)} to {estimate(limit, forecast.high)}"
    return f"{estimate(limit, forecast.expected)} (80{formats.THIN}%: {between})"


def _bar(forecast: Forecast, stands: Standing, facts: tuple[tuple[str, str], ...]) -> Bar:
    top = max(stands.amount, forecast.high or 0, stands.spent + stands.reserved, 1) * HEADROOM

    def at(figure: int | None) -> float | None:
        return None if figure is None else round(100 * figure / top, 2)

    told = ", ".join(f"{word} {figure}" for word, figure in facts)
    return Bar(
        limit=at(stands.amount) or 0, spent=at(stands.spent) or 0, held=at(stands.reserved) or 0,
        near=at(stands.amount * stands.soft_percent // 100) or 0, low=at(forecast.low), high=at(forecast.high),
        expected=at(forecast.expected), label=f"{rounded(stands.spent)} of {rounded(stands.amount)} is spent; {told}",
    )  # fmt: skip


def _label(forecast: Forecast, of: str, facts: tuple[tuple[str, str], ...], zone: ZoneInfo) -> str:
    told = "; ".join(f"{word} {figure}" for word, figure in facts if word == "forecast")
    since = formats.day(forecast.period_start.astimezone(zone))
    return f"Spend since {since}: {' '.join(filter(None, [rounded(forecast.spent), of]))}; {told}"


def _days(limit: Limit, drawn: Chart) -> Iterator[Day]:
    for row in drawn.rows:
        yield Day(
            day=row.day, spent="" if row.spent is None else rounded(row.spent),
            expected="" if row.expected is None else estimate(limit, row.expected),
            between="" if row.low is None or row.high is None
            else f"{estimate(limit, row.low)} to {estimate(limit, row.high)}",
        )  # fmt: skip


def _in(left: timedelta) -> str:
    """6 days, 10 hours."""
    days, hours = left.days, left.seconds // 3600
    parts = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in ((days, "day"), (hours, "hour")) if count]
    return ", ".join(parts) or "less than an hour"
