"""Stacked columns over time: a group a colour, and what there was in the time before as a mark. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.dashboards.charts.axes import HEIGHT, WIDTH, Hit, Tick, y

GAP, LEAST = 1.2, 0.6
"""What parts neighbours, and how high something is at least that is more than nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    name: str
    colour: int
    """1 to 5; 6 is grey, of all others."""
    values: Sequence[float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """All columns of one series in one path; that of the step under way apart, since it is drawn faded."""

    colour: int
    path: str
    under_way: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    x1: float
    x2: float
    y: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    label: str
    layers: tuple[Layer, ...]
    marks: tuple[Mark, ...]
    hits: tuple[Hit, ...]
    y_ticks: tuple[Tick, ...]
    x_ticks: tuple[Tick, ...]


def layers(series: Sequence[Series], top: float, is_under_way: bool) -> tuple[Layer, ...]:
    """The first series lies lowest."""
    count = len(series[0].values) if series else 0
    bases = [0.0] * count
    found = []
    for each in series:
        shapes = [_column(place, count, bases[place], value, top) for place, value in enumerate(each.values)]
        bases = [base + max(0, value) for base, value in zip(bases, each.values, strict=True)]
        whole, last = (shapes[:-1], shapes[-1]) if is_under_way and shapes else (shapes, "")
        found.append(Layer(colour=each.colour, path="".join(whole), under_way=last))
    return tuple(found)


def marks(before: Sequence[float | None], top: float) -> tuple[Mark, ...]:
    width = WIDTH / max(1, len(before))
    return tuple(
        Mark(x1=round(place * width + 1, 1), x2=round((place + 1) * width - 1, 1), y=y(value, top))
        for place, value in enumerate(before)
        if value is not None
    )


def hits(words: Sequence[str]) -> tuple[Hit, ...]:
    width = WIDTH / max(1, len(words))
    return tuple(Hit(x=round(place * width, 1), width=round(width, 1), words=each) for place, each in enumerate(words))


def _column(place: int, count: int, base: float, value: float, top: float) -> str:
    if value <= 0:
        return ""
    width = WIDTH / count
    pad = min(4.0, width / 8)
    tall = max(HEIGHT * value / top - GAP, LEAST)
    foot = y(base, top) - (GAP if tall > LEAST else 0)
    return f"M{place * width + pad:.1f} {foot:.1f}h{width - 2 * pad:.1f}v{-tall:.1f}h{2 * pad - width:.1f}z"
