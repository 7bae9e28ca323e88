"""What can be read off figures: one row by measure, with how it is written. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Literal

from analytics.reports import measures
from analytics.windows import sketches
from analytics.windows.types import Figures, Row, Sketch
from budgets import formats
from budgets.money import rounded

Better = Literal["less", "more", ""]
"""Whether less or more is plainly better: only then is a difference green or red."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    name: str
    word: str
    """As a column's head."""
    of: Callable[[Figures], float | None]
    """None: nothing was measured."""
    write: Callable[[float], str]
    better: Better = ""
    adds_up: bool = False
    """Whether parts can be stacked to a whole."""


def _whole(value: float) -> str:
    return formats.count(round(value))


def _money(value: float) -> str:
    return rounded(round(value))


def _percent(value: float) -> str:
    return formats.percent(value, 1, 1)


MEASURES: Mapping[str, Measure] = {
    each.name: each
    for each in (
        Measure(name="cost", word="Spent", of=lambda f: f.cost_nano, write=_money, adds_up=True),
        Measure(name="requests", word="Requests", of=lambda f: f.requests, write=_whole, adds_up=True),
        Measure(
            name="tokens", word="Tokens", of=lambda f: f.input_tokens + f.output_tokens,
            write=lambda v: formats.tokens(round(v)), adds_up=True,
        ),
        Measure(
            name="per_request", word="Per request", of=measures.mean_cost_nano, write=_money, better="less",
        ),
        Measure(
            name="success", word="Success", of=measures.success, write=_percent, better="more"
        ),
        Measure(
            name="latency", word="Mean answer", of=measures.mean_latency_ms, write=formats.duration,
            better="less",
        ),
        Measure(
            name="fallbacks", word="Fallback", of=measures.fallback, write=_percent, better="less"
        ),
    )
}  # fmt: skip
ADDED = tuple(name for name, measure in MEASURES.items() if measure.adds_up)


_APART = {"errors", "latencies", "first_token_times"}


def total(rows: Iterable[Row]) -> Figures:
    """The figures of several rows together."""
    return plus(row.figures for row in rows)


def plus(parts: Iterable[Figures]) -> Figures:
    found = list(parts)
    summed = {field.name: sum(getattr(each, field.name) for each in found) for field in fields(Figures) if field.name not in _APART}
    errors: dict[str, int] = {}
    for each in found:
        for kind, count in each.errors.items():
            errors[kind] = errors.get(kind, 0) + count
    return Figures(
        **summed, errors=errors, latencies=_merged(each.latencies for each in found),
        first_token_times=_merged(each.first_token_times for each in found),
    )  # fmt: skip


def _merged(parts: Iterable[Sketch]) -> Sketch:
    found = [each for each in parts if each.counts or each.zeros]
    return sketches.merged(found) if found else Sketch()


def grouped(rows: Iterable[Row], *places: int) -> dict[tuple[str, ...], Figures]:
    """The figures by some of the values of their groups, whatever their step."""
    parts: dict[tuple[str, ...], list[Figures]] = {}
    for row in rows:
        parts.setdefault(tuple(row.group[place] for place in places), []).append(row.figures)
    return {group: plus(found) for group, found in parts.items()}
