"""The difference of the main measure over time, as a band: shapes of an SVG of 1000 by 400, and words at per cents of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from analytics.dashboards.charts.axes import HEIGHT, WIDTH, Tick
from experiments.ab.types import Interval

STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0)
"""Between the lines of the axis."""
LINES = 3
"""To each side of no difference."""
ROOM = 1.6
"""So many times as far as the newest interval reaches is shown: what was wider before is cut off."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MAX_LABELS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One look. Differences are points, or shares of A."""

    at: datetime
    interval: Interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    path: str
    """The interval."""
    line: str
    """The estimate."""
    now: float
    """Where the newest look stands, per cent from the left; and its estimate from the top."""
    top: float
    shown_from: tuple[float, float] | None
    """Where a difference is shown from on, until now; None: none is."""
    across: tuple[Tick, ...]
    up: tuple[tuple[float, float], ...]
    """Lines of the axis: per cent from the top, and what stands there."""


def band(points: Sequence[Point], began: datetime, ends: datetime) -> Band | None:
    """Over the planned time, or longer where it took longer. None: nothing was found yet."""
    if not points:
        return None
    ends = max(ends, points[-1].at)
    top = _extent(points[-1].interval)

    def x(at: datetime) -> float:
        return WIDTH * max(0.0, min(1.0, (at - began) / (ends - began)))

    def y(value: float) -> float:
        return HEIGHT * (1 - (max(-top, min(top, value)) + top) / (2 * top))

    bounded = [each for each in points if each.interval.low is not None or each.interval.high is not None]
    uppers = [(x(each.at), y(top if each.interval.high is None else each.interval.high)) for each in bounded]
    lowers = [(x(each.at), y(-top if each.interval.low is None else each.interval.low)) for each in bounded]
    since = _shown_since(points)
    flag = None if since is None else (_percent(x(since.at), WIDTH), _percent(y(since.interval.estimate), HEIGHT))
    return Band(
        path=f"{_path([*uppers, *reversed(lowers)])}Z" if bounded else "",
        line=_path([(x(each.at), y(each.interval.estimate)) for each in points]),
        now=_percent(x(points[-1].at), WIDTH), top=_percent(y(points[-1].interval.estimate), HEIGHT), shown_from=flag,
        across=_across(ends - began),
        up=tuple((_percent(y(top * line / LINES), HEIGHT), top * line / LINES) for line in range(-LINES, LINES + 1)),
    )  # fmt: skip


def _extent(newest: Interval) -> float:
    """How far the axis reaches to each side, in round steps."""
    reach = ROOM * max(abs(each) for each in (newest.estimate, newest.low, newest.high) if each is not None)
    return LINES * next((step for step in STEPS if LINES * step >= reach), STEPS[-1])


def _shown_since(points: Sequence[Point]) -> Point | None:
    """The first look from which on, until the newest, the interval left out no difference."""
    found = None
    for each in reversed(points):
        low, high = each.interval.low, each.interval.high
        if low is None or high is None or low <= 0 <= high:
            break
        found = each
    return found


def _across(span: timedelta) -> tuple[Tick, ...]:
    """Days, or hours of a test of a day or two."""
    unit, word = (DAY, _("day {number}")) if span > 2 * DAY else (HOUR, _("hour {number}"))
    every = max(1, -(-(span // unit) // (MAX_LABELS - 1)))
    numbers = range(0, span // unit + 1, every)
    return tuple(
        Tick(
            at=round(100 * number * unit / span, 2), text=word.format(number=number) if number else _("start"),
            is_optional=at % 2 == 1,
        )
        for at, number in enumerate(numbers)
    )  # fmt: skip


def _percent(place: float, of: int) -> float:
    return round(100 * place / of, 2)


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{across:.1f} {down:.1f}" for across, down in places)
