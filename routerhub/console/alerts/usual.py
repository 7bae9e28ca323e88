"""Spend hour by hour of today, beside what is usual at these hours of this weekday. Shapes for a chart."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import quantiles

from analytics.dashboards import ranges
from analytics.windows import reading
from analytics.windows.steps import floor
from analytics.windows.types import Question, Traffic
from budgets.money import rounded

WEEKS = 8
MIN_DAYS = 3
"""Of fewer nothing is called usual."""
FAR = 2
"""Times the upper end of what is usual."""
HEIGHT, WIDTH = 400, 1000
TENTHS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Hour:
    """One bar. Positions are of a field of 1000 by 400."""

    hour: int
    spent: str
    usual: str
    x: float
    y: float
    height: float
    is_unusual: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Today:
    hours: tuple[Hour, ...]
    band: str
    """The path of what is usual; empty where there is too little to say."""
    top: str
    """What the upper edge stands for."""
    bar: float
    """How wide a bar is."""

    @property
    def is_empty(self) -> bool:
        return not any(each.height for each in self.hours)


def today(account_id: int, zone: str, now: datetime, traffic: Traffic) -> Today:
    """`now` in the account's zone."""
    begins = floor(now, "day")
    since = begins - timedelta(weeks=WEEKS)
    rows = reading.ask(Question(
        since=since, until=ranges.whole(now), zone=zone, step="hour", accounts=frozenset([account_id]), traffic=traffic,
    )).rows  # fmt: skip
    spent: dict[int, int] = defaultdict(int)
    before: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        if row.start is None or row.start.weekday() != begins.weekday():
            continue
        if row.start >= begins:
            spent[row.start.hour] += row.figures.cost_nano
        else:
            before[row.start.hour].append(row.figures.cost_nano)
    days = {
        row.start.date() for row in rows if row.start and row.start < begins and row.start.weekday() == begins.weekday()
    }
    usual = {hour: _usual(before[hour]) for hour in range(24)} if len(days) >= MIN_DAYS else {}
    return _drawn(spent, usual, now.hour)


def _usual(values: list[int]) -> tuple[float, float]:
    """Between what eight of ten lie, hours without a request among them."""
    whole = [*values, *[0] * (WEEKS - len(values))]
    cuts = quantiles(whole, n=TENTHS, method="inclusive")
    return cuts[0], cuts[-1]


def _drawn(spent: dict[int, int], usual: dict[int, tuple[float, float]], last: int) -> Today:
    top = max([1.0, *spent.values(), *(high for _, high in usual.values())]) * 1.05
    step = WIDTH / 24

    def y(value: float) -> float:
        return round(HEIGHT * (1 - value / top), 1)

    hours = tuple(
        Hour(
            hour=hour, spent=rounded(spent.get(hour, 0)), x=round(step * (hour + 0.2), 1), y=y(spent.get(hour, 0)),
            height=round(HEIGHT - y(spent.get(hour, 0)), 1),
            usual=f"{rounded(round(usual[hour][0]))} to {rounded(round(usual[hour][1]))}" if usual else "",
            is_unusual=bool(usual) and spent.get(hour, 0) > FAR * usual[hour][1] > 0,
        )
        for hour in range(last + 1)
    )  # fmt: skip
    up = [f"{step * (hour + 0.5):.1f} {y(usual[hour][1])}" for hour in usual]
    down = [f"{step * (hour + 0.5):.1f} {y(usual[hour][0])}" for hour in reversed(usual)]
    band = f"M{' L'.join([*up, *down])} Z" if usual else ""
    return Today(hours=hours, band=band, top=rounded(round(top)), bar=round(step * 0.6, 1))
