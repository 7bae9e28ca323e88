"""A forecast in words: the same on pages, in the API, in commands and in alerts."""

from datetime import datetime
from zoneinfo import ZoneInfo

from budgets.choices import Measure
from budgets.forecasting.projection import MIN_HOURS
from budgets.forecasting.types import Forecast
from budgets.models import Limit
from budgets.money import dollars

CENT_NANO = 10_000_000


def amount(limit: Limit, figure: int) -> str:
    """In the limit's measure, whole."""
    return dollars(figure) if limit.measure == Measure.MONEY else f"{figure:,} {limit.measure}"


def estimate(limit: Limit, figure: int) -> str:
    """The same, with no more digits than an estimate has: cents, and of less than a dollar two digits; counts likewise."""
    if limit.measure == Measure.MONEY and figure >= 100 * CENT_NANO:
        return dollars(round(figure, -7))
    return amount(limit, round(figure, 2 - len(str(figure))) if limit.measure == Measure.MONEY else figure)


def day(limit: Limit, moment: datetime) -> str:
    """Tue 24 Nov, on the limit's own clock."""
    local = moment.astimezone(ZoneInfo(limit.zone))
    return f"{local:%a} {local.day} {local:%b}"


def short(limit: Limit, forecast: Forecast) -> str:
    """What is expected, or reached and when: for a cell."""
    if forecast.expected is None:
        return "too little history"
    reached = f", reached on {day(limit, forecast.passes_at)}" if forecast.passes_at else ""
    return f"{estimate(limit, forecast.expected)}{reached}"


def sentence(limit: Limit, forecast: Forecast) -> str:
    """What is expected and how sure that is, or that there is too little history to say."""
    if forecast.expected is None or forecast.low is None or forecast.high is None:
        return f"too little history to say: {forecast.history_hours} hours, {MIN_HOURS} are needed"
    low, high = estimate(limit, forecast.low), estimate(limit, forecast.high)
    reached = f"; reached on {day(limit, forecast.passes_at)}" if forecast.passes_at else ""
    return f"{estimate(limit, forecast.expected)}, 80 % between {low} and {high}{reached}"
