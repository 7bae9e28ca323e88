"""Bars of intervals, and the band of one over time, as shapes. Pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from experiments.ab.types import Interval

WIDTH, HEIGHT = 1000, 400
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
MAX_REACH = 10.0
TICKS_EACH_SIDE = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """An interval about the line of no difference, in per cent of the bar's width from the left."""

    left: float
    width: float
    estimate: float
    stop: float | None = None
    """Where a guardrail stands."""
    is_stop_above: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """The interval at a moment."""

    at: datetime
    interval: Interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """The interval over time. Places are per cent from the left and from the bottom; paths in a box of WIDTH by HEIGHT."""

    band: str
    line: str
    zero: float
    now: tuple[float, float]
    shown_from: float | None
    """From where on a difference is shown."""
    heights: Sequence[tuple[float, str]]
    days: Sequence[tuple[float, str]]

    @property
    def grid(self) -> list[float]:
        return [_down(at) for at, _ in self.heights]

    @property
    def zero_down(self) -> float:
        return _down(self.zero)


def bar(interval: Interval, margin: float | None, is_stop_above: bool) -> Bar | None:
    """None: it is not bounded."""
    if interval.low is None or interval.high is None:
        return None
    reach = max(abs(interval.low), abs(interval.high), 1.5 * (margin or 0)) * 1.05 or 1.0

    def place(value: float) -> float:
        return round(50 + 50 * max(-1.0, min(1.0, value / reach)), 1)

    low, high = place(interval.low), place(interval.high)
    stop = None if margin is None else place(margin if is_stop_above else -margin)
    return Bar(
        left=low, width=round(max(0.5, high - low), 1), estimate=place(interval.estimate), stop=stop,
        is_stop_above=is_stop_above,
    )  # fmt: skip


def band(
    points: Sequence[Point], began: datetime, until: datetime, write: Callable[[float], str]
) -> Band | None:  # fmt: skip
    """From the first bounded one on. None: there is none yet."""
    bounded = [each for each in points if each.interval.low is not None and each.interval.high is not None]
    if not bounded:
        return None
    step = _step(bounded)
    reach = step * TICKS_EACH_SIDE

    def up(value: float | None) -> float:
        return round(50 + 50 * max(-1.0, min(1.0, (value or 0.0) / reach)), 2)

    def right(moment: datetime) -> float:
        return round(100 * min(1.0, (moment - began) / max(until - began, timedelta(seconds=1))), 2)

    highs = [(right(each.at), up(each.interval.high)) for each in bounded]
    lows = [(right(each.at), up(each.interval.low)) for each in reversed(bounded)]
    line = [(right(each.at), up(each.interval.estimate)) for each in bounded]
    return Band(
        band=f"{_path([*highs, *lows])}Z", line=_path(line), zero=50.0, now=line[-1], shown_from=_shown(bounded, right),
        heights=[(up(step * at), write(step * at)) for at in range(-TICKS_EACH_SIDE, TICKS_EACH_SIDE + 1)],
        days=_days(began, until, right),
    )  # fmt: skip


def _step(points: Sequence[Point]) -> float:
    """Of the heights: as much as three quarters of all intervals need."""
    reaches = sorted(max(abs(each.interval.low or 0), abs(each.interval.high or 0)) for each in points)
    wanted = max(reaches[3 * len(reaches) // 4], abs(points[-1].interval.estimate), 1e-3) / TICKS_EACH_SIDE
    return next((step for step in STEPS if step >= wanted), MAX_REACH)


def _shown(points: Sequence[Point], right: Callable[[datetime], float]) -> float | None:
    """Since when no interval touches the line any more."""
    found = None
    for each in reversed(points):
        if (each.interval.low or 0) <= 0 <= (each.interval.high or 0):
            break
        found = right(each.at)
    return found


def _days(began: datetime, until: datetime, right: Callable[[datetime], float]) -> list[tuple[float, str]]:
    days = max(1, round((until - began) / timedelta(days=1)))
    every = math.ceil(days / 7)
    return [(right(began + timedelta(days=day)), f"day {day}" if day else "start") for day in range(0, days + 1, every)]


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x * WIDTH / 100:g} {_down(y):g}" for x, y in places)


def _down(up: float) -> float:
    return round(HEIGHT * (1 - up / 100), 1)
