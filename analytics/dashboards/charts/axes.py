"""What every chart has: its box, an axis from zero with round ticks, and dates below. Pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from analytics.windows.steps import after, floor
from analytics.windows.types import Step
from budgets.formats import day

WIDTH, HEIGHT = 1000, 400
MAX_LABELS = 7
"""So many words fit below a chart; on a phone, every other one of them."""
TICKS = 4
CAPTIONS: dict[Step, Callable[[datetime], str]] = {
    "5min": lambda start: f"{start.hour}:{start:%M}",
    "quarter": lambda start: f"{start.hour}:{start:%M}",
    "hour": lambda start: f"{start.hour}:00" if start.hour else day(start),
    "day": day,
    "week": day,
    "month": lambda start: f"{start:%b %Y}",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    at: float
    """Per cent from the left or from the bottom."""
    text: str
    is_optional: bool = False
    """Left out on a phone."""

    @property
    def up(self) -> float:
        """The same height, down from the top of the box."""
        return round(HEIGHT * (1 - self.at / 100), 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """What is said of one column when it is pointed at."""

    x: float
    width: float
    words: str


def heights(most: float, write: Callable[[float], str]) -> tuple[float, tuple[Tick, ...]]:
    """A round top of the axis at or above the most, and its ticks from zero."""
    raw = (most or 1) / TICKS
    unit = 10 ** math.floor(math.log10(raw))
    step = next(unit * each for each in (1, 2, 2.5, 5, 10) if unit * each >= raw * (1 - 1e-9))
    steps = max(1, math.ceil((most or 1) / step - 1e-9))
    top = step * steps
    return top, tuple(Tick(at=round(100 * n / steps, 2), text=write(step * n)) for n in range(steps + 1))


def y(value: float, top: float) -> float:
    """Down from the top of the box."""
    return round(HEIGHT * (1 - value / top), 1)


def dates(starts: Sequence[datetime], step: Step, now: datetime) -> tuple[Tick, ...]:
    """Words below the columns, as many as there is room for; the one that is under way is called so."""
    every = max(1, math.ceil(len(starts) / MAX_LABELS))
    last = len(starts) - 1
    is_today = bool(starts) and step == "day" and starts[-1].date() == now.date()
    shown = [place for place in range(last % every, last + 1, every)]
    return tuple(
        Tick(
            at=round(100 * (place + 0.5) / len(starts), 2),
            text="today" if is_today and place == last else CAPTIONS[step](starts[place]),
            is_optional=bool((last - place) // every % 2),
        )
        for place in shown
    )


def columns(since: datetime, until: datetime, step: Step) -> tuple[datetime, ...]:
    """When each step of a range begins, on the clock of the range's zone."""
    found, start = [], floor(since, step)
    while start < until:
        found.append(start)
        start = after(start, step)
    return tuple(found)
