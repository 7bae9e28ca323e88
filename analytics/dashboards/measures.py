"""What can be read off figures: one row by measure, with how it is written. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from analytics.reports import measures
from analytics.reports.adding import total
from analytics.windows.types import Answer, Figures, Row
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


def whole(answer: Answer) -> Figures:
    """All of an answer together."""
    return total(row.figures for row in answer.rows)


def grouped(rows: Iterable[Row], *places: int) -> dict[tuple[str, ...], Figures]:
    """The figures by some of the values of their groups, whatever their step."""
    parts: dict[tuple[str, ...], list[Figures]] = {}
    for row in rows:
        parts.setdefault(tuple(row.group[place] for place in places), []).append(row.figures)
    return {group: total(found) for group, found in parts.items()}
