"""Bands from groups on the left to groups on the right, as wide as their figure. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analytics.dashboards.charts.axes import HEIGHT, WIDTH

LEFT_GAP, RIGHT_GAP, NODE = 10, 16, 10
MIN_LABEL = 14
"""So far apart, in the box, that words below one another do not touch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ribbon:
    colour: int
    path: str
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    name: str
    figure: str
    colour: int
    """0: of the left side, which has none."""
    y: float
    height: float
    at: float
    """Where its words stand, per cent from the top."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One side before it is drawn: its groups, and how much there is of each, from the top."""

    names: Sequence[str]
    sums: Sequence[float]
    gap: float


def scale(left: Side, right: Side) -> float:
    """How high one of the figure is, so that both sides fit."""
    total = sum(left.sums)
    rooms = [HEIGHT - side.gap * (len(side.sums) - 1) for side in (left, right)]
    return max(0.0, min(rooms)) / total if total else 0.0


def tops(side: Side, unit: float) -> list[float]:
    """Where each of its groups begins; what is left over is put above and below."""
    used = sum(side.sums) * unit + side.gap * (len(side.sums) - 1)
    at, found = (HEIGHT - used) / 2, []
    for value in side.sums:
        found.append(at)
        at += value * unit + side.gap
    return found


def ribbons(
    cells: Sequence[Sequence[float]],
    left: Side,
    right: Side,
    colours: Sequence[int],
    words: Mapping[tuple[int, int], str],
) -> tuple[Ribbon, ...]:
    unit = scale(left, right)
    begin, end = tops(left, unit), tops(right, unit)
    found = []
    for row, values in enumerate(cells):
        for column, value in enumerate(values):
            if value > 0:
                path = _band(begin[row], end[column], value * unit)
                found.append(Ribbon(colour=colours[column], path=path, words=words[row, column]))
            begin[row] += value * unit
            end[column] += value * unit
    return tuple(found)


def nodes(side: Side, unit: float, figures: Sequence[str], colours: Sequence[int]) -> tuple[Node, ...]:
    begin = tops(side, unit)
    middles = spread([at + value * unit / 2 for at, value in zip(begin, side.sums, strict=True)])
    return tuple(
        Node(
            name=name, figure=figure, colour=colour, y=round(at, 1), height=round(max(1.0, value * unit), 1),
            at=round(middle / 4, 2),
        )
        for name, figure, colour, at, value, middle in zip(
            side.names, figures, colours, begin, side.sums, middles, strict=True
        )
    )  # fmt: skip


def spread(middles: Sequence[float]) -> list[float]:
    """The same places, moved so far apart that words can be read, and none of them out of the box."""
    found = list(middles)
    for place in range(1, len(found)):
        found[place] = max(found[place], found[place - 1] + MIN_LABEL)
    over = found[-1] - HEIGHT if found else 0
    if over > 0:
        found[-1] -= over
        for place in range(len(found) - 2, -1, -1):
            found[place] = min(found[place], found[place + 1] - MIN_LABEL)
    return found


def _band(a: float, b: float, height: float) -> str:
    left, middle, right = NODE + 4, WIDTH / 2, WIDTH - NODE - 4
    there = f"M{left} {a:.1f}C{middle:.0f} {a:.1f} {middle:.0f} {b:.1f} {right} {b:.1f}"
    back = f"V{b + height:.1f}C{middle:.0f} {b + height:.1f} {middle:.0f} {a + height:.1f} {left} {a + height:.1f}Z"
    return there + back
