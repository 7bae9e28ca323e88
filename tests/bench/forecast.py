"""The forecast tried on made-up spend, beside the two ways that everybody knows: last week repeated, and a straight line."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from statistics import mean
from typing import Any

from budgets.forecasting.projection import project
from tests.bench.series import BEGAN, HOUR, SHAPES, Drawn, Series
from tests.bench.tables import table

SEEDS, DAYS = 20, 185
HISTORY_DAYS = 91
PERIODS = {
    "week": [(datetime(2026, 5, 4, tzinfo=UTC), 7), (datetime(2026, 5, 18, tzinfo=UTC), 7)],
    "month": [(datetime(2026, 5, 1, tzinfo=UTC), 31), (datetime(2026, 6, 1, tzinfo=UTC), 30)],
}
POINTS = (0.1, 0.25, 0.5, 0.75, 0.9)
"""How much of the period is over when it is forecast."""
MARGIN = 0.15
"""So much below, and above, what a period came to are the limits of which alerts are counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Try:
    """One forecast. Errors and width are shares of what the whole period really came to."""

    shape: str
    seed: int
    period: str
    begin: datetime
    point: float
    error: float
    naive: float
    linear: float
    is_covered: bool
    width: float
    expected: float
    low: float


def main() -> None:
    found = list(tries(range(SEEDS)))
    rows = [_row("all", found)]
    rows += [_row(f"{each}", [one for one in found if one.period == each]) for each in PERIODS]
    rows += [_row(f"{each:.0%} over", [one for one in found if one.point == each]) for each in POINTS]
    rows += [_row(f"shape {each}", [one for one in found if one.shape == each]) for each in _shapes(found)]
    for days in (7, 21):
        rows.append(_row(f"history of {days} days", list(tries(range(SEEDS // 4), history_days=days))))
    head = ["", "in the interval, %", "error, %", "naive, %", "linear, %", "width, %"]
    print(f"forecasts of made-up spend, {len(found):,}: {len(SHAPES)} shapes, {SEEDS} seeds")
    print(table(head, rows))
    print(table(["a limit of which", "told as near, %", "told as triggered, %"], list(_alerts(found))))


def tries(seeds: Sequence[int], points: Sequence[float] = POINTS, history_days: int = HISTORY_DAYS) -> Iterator[Try]:
    for shape, seed in product(SHAPES, seeds):
        series = shape(Drawn(seed, DAYS))
        for period, spans in PERIODS.items():
            for (begin, days), point in product(spans, points):
                first = (begin - BEGAN) // HOUR
                names = {"shape": shape.__name__, "seed": seed, "period": period, "begin": begin, "point": point}
                yield _tried(series, first, days * 24, history_days, names)


def _tried(series: Series, first: int, length: int, history_days: int, names: dict[str, Any]) -> Try:
    now, last = first + round(names["point"] * length), first + length
    known = max(0, now - history_days * 24)
    spent, actual = sum(series[first:now]), sum(series[first:last])
    end = project(series[known:now], BEGAN + known * HOUR, BEGAN + now * HOUR, BEGAN + last * HOUR, UTC)[-1]
    naive = spent + sum(series[now - 168 + step % 168] for step in range(last - now))
    linear = spent / (now - first) * length
    return Try(
        **names, error=abs(spent + end.expected - actual) / actual, naive=abs(naive - actual) / actual,
        linear=abs(linear - actual) / actual, is_covered=end.low <= actual - spent <= end.high,
        width=(end.high - end.low) / actual, expected=(spent + end.expected) / actual, low=(spent + end.low) / actual,
    )  # fmt: skip


def figures(found: Sequence[Try]) -> tuple[float, float, float, float]:
    """How many were in the interval, and the mean errors of the forecast, last week and the line, all in percent."""

    def percent(of: Callable[[Try], float]) -> float:
        return 100 * mean(of(each) for each in found)

    return percent(lambda one: one.is_covered), percent(lambda one: one.error), percent(lambda one: one.naive), percent(
        lambda one: one.linear
    )  # fmt: skip


def _row(name: str, found: Sequence[Try]) -> list[str]:
    covered, *errors = figures(found)
    width = 100 * mean(each.width for each in found)
    return [name, f"{covered:.0f}", *(f"{error:.1f}" for error in errors), f"{width:.0f}"]


def _alerts(found: Sequence[Try]) -> Iterator[list[str]]:
    """Of limits that were really passed, and of those that were not: how many were told of in the period's first half."""
    first_half = [each for each in found if each.point <= 0.5]
    periods: dict[tuple[Any, ...], list[Try]] = {}
    for each in first_half:
        periods.setdefault((each.shape, each.seed, each.period, each.begin), []).append(each)
    for share, said in ((1 - MARGIN, f"{MARGIN:.0%} too much was spent"), (1 + MARGIN, f"{MARGIN:.0%} was left")):
        near = mean(any(each.expected >= share for each in tried) for tried in periods.values())
        triggered = mean(any(each.low >= share for each in tried) for tried in periods.values())
        yield [said, f"{100 * near:.0f}", f"{100 * triggered:.0f}"]


def _shapes(found: Sequence[Try]) -> list[str]:
    return list(dict.fromkeys(each.shape for each in found))
