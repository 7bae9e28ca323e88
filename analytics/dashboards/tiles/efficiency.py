"""What a request of each sort took and cost, with tokens out for each token in."""

from collections.abc import Mapping
from dataclasses import dataclass

from analytics.dashboards.measures import MEASURES, grouped
from analytics.dashboards.tiles.parts import largest, width, written
from analytics.dashboards.types import WORDS, Kind, Seen, Tile, View
from analytics.windows.types import Dimension, Figures, Question
from budgets import formats
from budgets.money import rounded

MOST = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    names: tuple[str, ...]
    link: str
    requests: str
    input: str
    output: str
    ratio: str
    success: str
    per_request: str
    cost: str
    width: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Efficiency:
    title: str
    is_empty: bool
    hint: str
    heads: tuple[str, ...]
    lines: tuple[Line, ...]
    more: int


def asks(tile: Tile, view: View) -> Mapping[str, Question]:
    return {"now": view.question(*(tile.by or USUAL))}


def draw(seen: Seen) -> Efficiency:
    by = seen.tile.by or USUAL
    found = grouped(seen.answers["now"].rows, *range(len(by)))
    costs = {group: figures.cost_nano for group, figures in found.items()}
    groups = largest(costs, MOST)
    most = max(costs.values(), default=0)
    return Efficiency(
        title=seen.tile.title or "Efficiency", is_empty=not found,
        hint="by " + " and ".join(WORDS[each] for each in by), heads=tuple(WORDS[each].capitalize() for each in by),
        lines=tuple(_line(seen, by, group, found[group], most) for group in groups.names), more=len(groups.others),
    )  # fmt: skip


def _line(seen: Seen, by: tuple[Dimension, ...], group: tuple[str, ...], figures: Figures, most: float) -> Line:
    chosen: dict[str, str | None] = {dimension: value for dimension, value in zip(by, group, strict=True) if value}
    return Line(
        names=tuple(seen.name(dimension, value) for dimension, value in zip(by, group, strict=True)),
        link=seen.links(chosen) if chosen else "", requests=formats.count(figures.requests),
        input=formats.tokens(figures.input_tokens), output=formats.tokens(figures.output_tokens),
        ratio=formats.ratio(figures.output_tokens, figures.input_tokens),
        success=written(MEASURES["success"], figures), per_request=written(MEASURES["per_request"], figures),
        cost=rounded(figures.cost_nano), width=width(figures.cost_nano, most),
    )  # fmt: skip


USUAL: tuple[Dimension, ...] = ("task_type", "model")
KIND = Kind(
    name="efficiency", title="Efficiency", says="Tokens, success and cost of a request, by task type and model.",
    asks=asks, draw=draw, by=(USUAL, ("category", "model"), ("account", "model"), ("policy", "model"), ("key", "model")),
)  # fmt: skip
