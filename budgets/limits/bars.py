"""A limit as a bar: spent, reserved, the forecast above, where the alert starts, and the limit. Pure: shares of a width."""

from dataclasses import dataclass

from budgets.forecasting.types import Forecast

ROOM = 1.08
"""The bar goes on a little beyond the limit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """Per cent of the bar's width, from its left. None: there is no forecast."""

    limit: float
    near: float
    spent: float
    held: float
    """How wide the reserved part is."""
    low: float | None
    """Where the forecast's interval begins."""
    width: float | None
    expected: float | None


def of(amount: int, spent: int, reserved: int, soft_percent: int, forecast: Forecast | None) -> Bar:
    """All figures in one measure."""
    high = forecast.high if forecast and forecast.high is not None else 0
    whole = max(amount, spent + reserved, high, 1) * ROOM

    def at(figure: float) -> float:
        return round(100 * figure / whole, 2)

    low, expected = (forecast.low, forecast.expected) if forecast else (None, None)
    return Bar(
        limit=at(amount), near=at(amount * soft_percent / 100), spent=at(spent), held=at(reserved),
        low=None if low is None else at(low), width=None if low is None else at(high - low),
        expected=None if expected is None else at(expected),
    )  # fmt: skip
