"""The forecast tried on made-up series, beside the two ways that everybody knows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import mean

from budgets.forecasting.projection import project
from tests.bench.series import BEGAN, HOUR, SHAPES, Drawn, Series
from tests.bench.tables import table

SEEDS = 20
HISTORY_DAYS = 91
PERIODS = {
    "week": [(datetime(2026, 5, 4, tzinfo=UTC), 7), (datetime(2026, 5, 18, tzinfo=UTC), 7)],
    "month": [(datetime(2026, 5, 1, tzinfo=UTC), 31), (datetime(2026, 6, 1, tzinfo=UTC), 30)],
}
POINTS = (0.1, 0.25, 0.5, 0.75, 0.9)
"""How much of the period is over when it is asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Try:
    """One forecast of one series: errors as a share of what the whole period really came to."""

    shape: str
    period: str
    point: float
    error: float
    naive: float
    linear: float
    is_covered: bool
    width: float


def tries(
    seeds: Sequence[int], shapes: Sequence[Callable[[Drawn], Series]] = SHAPES, history_days: int = HISTORY_DAYS
) -> Iterator[Try]:
    for shape in shapes:
        for seed in seeds:
            series = shape(Drawn(seed, 185))
            for period, spans in PERIODS.items():
                for begin, days in spans:
                    for point in POINTS:
                        yield _tried(shape.__name__, series, period, (begin, days), point, history_days)


def _tried(shape: str, series: Series, period: str, span: tuple[datetime, int], point: float, history_days: int) -> Try:
    first = (span[0] - BEGAN) // HOUR
    last = first + span[1] * 24
    now = first + round(point * span[1] * 24)
    known = max(0, now - history_days * 24)
    spent, actual = sum(series[first:now]), sum(series[first:last])
    end = project(series[known:now], BEGAN + known * HOUR, BEGAN + now * HOUR, BEGAN + last * HOUR, UTC)[-1]
    # Naive: each hour as a week before, as often as needed. Linear: as until now.
    naive = spent + sum(series[now - 168 + step % 168] for step in range(last - now))
    linear = spent / (now - first) * (last - first)
    return Try(
        shape=shape, period=period, point=point,
        error=abs(spent + end.expected - actual) / actual,
        naive=abs(naive - actual) / actual, linear=abs(linear - actual) / actual,
        is_covered=end.low <= actual - spent <= end.high, width=(end.high - end.low) / actual,
    )  # fmt: skip


def summary(name: str, found: Sequence[Try]) -> list[str]:
    return [
        name, f"{100 * mean(each.is_covered for each in found):.0f}",
        *(f"{100 * mean(figures):.2f}" for figures in (
            [each.error for each in found], [each.naive for each in found], [each.linear for each in found],
            [each.width for each in found])),
    ]  # fmt: skip


def main(seeds: int = SEEDS) -> None:
    found = list(tries(range(seeds)))
    rows = [summary("all", found)]
    for name, key in (("period", "period"), ("over", "point"), ("", "shape")):
        for value in dict.fromkeys(getattr(each, key) for each in found):
            rows.append(summary(f"{name} {value}".strip(), [each for each in found if getattr(each, key) == value]))
    for period in PERIODS:
        for point in POINTS:
            rows.append(
                summary(f"{period} {point}", [each for each in found if each.period == period and each.point == point])
            )
    print(table(["", "in interval, %", "error, %", "naive, %", "linear, %", "width, %"], rows))


if __name__ == "__main__":
    main()
