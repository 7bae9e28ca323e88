"""Values that several kinds of tile show: differences, lists, tables, and the groups that get a colour. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from analytics.dashboards.measures import Better, Measure
from analytics.windows.types import Figures
from budgets import formats

Tone = Literal["good", "worse", "flat"]
COLOURS = 5
"""So many groups have a colour of their own; the rest are one grey."""
GREY = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Delta:
    text: str
    tone: Tone = "flat"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    text: str
    is_number: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """What a chart shows, to be read: the first cell of a row names it."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A row of a list."""

    name: str
    link: str
    figure: str
    share: str
    delta: Delta
    colour: int = 0
    width: float = 0.0
    """Of its bar, in per cent of the longest."""
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Groups:
    """Groups by how much there is of each, those with a colour first, all others together last."""

    names: tuple[tuple[str, ...], ...]
    others: tuple[tuple[str, ...], ...]


def delta(now: float | None, before: float | None, better: Better = "") -> Delta:
    """By how much per cent more or less; green or red only where one of both is plainly better."""
    if now is None or not before:
        return Delta(text=formats.NOTHING)
    text = formats.change(now, before)
    return Delta(text=text, tone=tone(now - before, better) if text[0] in "+\N{MINUS SIGN}" else "flat")


def tone(difference: float, better: Better) -> Tone:
    if not better or not difference:
        return "flat"
    return "good" if (difference < 0) == (better == "less") else "worse"


def largest(sums: Mapping[tuple[str, ...], float], most: int = COLOURS) -> Groups:
    """One other alone is named rather than counted."""
    ordered = sorted(sums, key=lambda group: (-sums[group], group))
    shown = most + 1 if len(ordered) == most + 1 else most
    return Groups(names=tuple(ordered[:shown]), others=tuple(ordered[shown:]))


def read(measure: Measure, figures: Figures | None) -> float:
    """What adds up; 0 where there is nothing."""
    return (measure.of(figures) or 0) if figures else 0


def written(measure: Measure, figures: Figures | None) -> str:
    value = measure.of(figures) if figures else None
    return formats.NOTHING if value is None else measure.write(value)


def width(value: float, most: float) -> float:
    return round(100 * max(0.0, value) / most, 1) if most > 0 else 0.0


def listed(words: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
