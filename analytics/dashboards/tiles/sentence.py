"""The answer first: one sentence with figures."""

from collections.abc import Mapping
from dataclasses import dataclass

from analytics.dashboards import ranges
from analytics.dashboards.measures import MEASURES, grouped, whole
from analytics.dashboards.tiles.parts import Delta, delta, largest, written
from analytics.dashboards.types import Kind, Seen, Tile, View
from analytics.windows import sketches
from analytics.windows.types import Figures, Question
from budgets import formats
from budgets.money import rounded


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    title: str
    is_empty: bool
    requests: str
    spent: str
    delta: Delta
    before_words: str
    success: str
    latency: str
    dearest: str
    share: str
    facts: tuple[tuple[str, str], ...]
    """A word and its figure, below the sentence."""


def asks(_tile: Tile, view: View) -> Mapping[str, Question]:
    return {"now": view.question("model", distributions=True), "before": view.before.question("model")}


def draw(seen: Seen) -> Sentence:
    by_model = grouped(seen.answers["now"].rows, 0)
    now, before = whole(seen.answers["now"]), whole(seen.answers["before"])
    spent = {group: figures.cost_nano for group, figures in by_model.items() if group[0]}
    first = largest(spent, 1).names
    return Sentence(
        title=seen.tile.title or "In short", is_empty=not now.requests, requests=formats.count(now.requests),
        spent=rounded(now.cost_nano), delta=delta(now.cost_nano, before.cost_nano, "less"),
        before_words=ranges.shifted(seen.view), success=written(MEASURES["success"], now),
        latency=quantile(now, 0.5), dearest=seen.name("model", first[0][0]) if first else "",
        share=formats.percent(spent[first[0]], now.cost_nano) if first else "", facts=_facts(now),
    )  # fmt: skip


def quantile(figures: Figures, part: float) -> str:
    found = sketches.quantile(figures.latencies, part)
    return formats.NOTHING if found is None else formats.duration(found)


def _facts(now: Figures) -> tuple[tuple[str, str], ...]:
    return (
        ("tokens in", formats.tokens(now.input_tokens)),
        ("out", formats.tokens(now.output_tokens)),
        ("refused", formats.count(now.refused)),
        ("failed", formats.count(now.failures)),
        ("cancelled", formats.count(now.abandoned)),
        ("by fallback", written(MEASURES["fallbacks"], now)),
        ("saved by caches", rounded(now.cache_saved_nano)),
    )


KIND = Kind(
    name="sentence", title="In short", says="Requests, spend, success and time in one sentence.", asks=asks, draw=draw
)
