"""Lines over time: where nothing was measured a line is broken, not drawn on. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.dashboards.charts.axes import WIDTH, Hit, Tick, y


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    css: str
    name: str
    path: str
    dots: tuple[tuple[float, float], ...] = ()
    """Per cents from left and top: of points without a neighbour, which no line shows, and of the last one."""
    end: str = ""
    """What stands beside the last point."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    label: str
    lines: tuple[Line, ...]
    hits: tuple[Hit, ...]
    y_ticks: tuple[Tick, ...]
    x_ticks: tuple[Tick, ...]
    band: str = ""
    """The area between the first two lines."""


def line(css: str, name: str, values: Sequence[float | None], top: float, end: str = "") -> Line:
    runs = _runs(values)
    drawn = ["M" + "L".join(f"{x(place, len(values)):.1f} {y(value, top):.1f}" for place, value in run) for run in runs]
    alone = [run[0] for run in runs if len(run) == 1]
    last = [runs[-1][-1]] if runs else []
    dots = tuple(
        (round(x(place, len(values)) / 10, 2), round(y(value, top) / 4, 2))
        for place, value in dict.fromkeys(alone + last)
    )
    return Line(css=css, name=name, path="".join(drawn), dots=dots, end=end)


def band(upper: Sequence[float | None], lower: Sequence[float | None], top: float) -> str:
    """The area between two lines, where both were measured."""
    both = [None if a is None or b is None else a for a, b in zip(upper, lower, strict=True)]
    shapes = []
    for run in _runs(both):
        there = [f"{x(place, len(upper)):.1f} {y(value, top):.1f}" for place, value in run]
        back = [f"{x(place, len(upper)):.1f} {y(lower[place] or 0, top):.1f}" for place, _ in reversed(run)]
        shapes.append("M" + "L".join(there + back) + "z")
    return "".join(shapes)


def x(place: int, count: int) -> float:
    """The middle of a step."""
    return WIDTH * (place + 0.5) / count


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    runs: list[list[tuple[int, float]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((place, value))
    return [run for run in runs if run]
