"""What the same requests would have cost otherwise, beside what they did cost."""

from collections.abc import Mapping
from dataclasses import dataclass

from analytics.dashboards.measures import MEASURES, whole
from analytics.dashboards.tiles.parts import Delta, width, written
from analytics.dashboards.types import Kind, Seen, Tile, View
from analytics.windows.types import Question
from budgets import formats
from budgets.money import rounded

WORDS: Mapping[str, str] = {
    "asked_nano": "what was asked for", "best_nano": "always the best model", "good_nano": "always the cheapest good model",
}  # fmt: skip
"""By the field of the figures that has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    name: str
    figure: str
    width: float
    delta: Delta


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    title: str
    is_empty: bool
    baselines: tuple[Baseline, ...]
    paid: Baseline
    covers: str
    """Of how much of the money the baselines are known."""


def asks(_tile: Tile, view: View) -> Mapping[str, Question]:
    return {"now": view.question()}


def draw(seen: Seen) -> Saved:
    found = whole(seen.answers["now"])
    costs = {field: getattr(found, field) for field in WORDS}
    most = max(*costs.values(), found.compared_nano)
    baselines = tuple(
        Baseline(
            name=word, figure=rounded(costs[name]), width=width(costs[name], most),
            delta=_against(costs[name], found.compared_nano),
        )
        for name, word in WORDS.items()
    )  # fmt: skip
    paid = Baseline(
        name="as it went", figure=rounded(found.compared_nano), width=width(found.compared_nano, most),
        delta=Delta(text=f"{written(MEASURES['success'], found)} success"),
    )  # fmt: skip
    return Saved(
        title=seen.tile.title or "What routing saved", is_empty=not found.compared_nano, baselines=baselines, paid=paid,
        covers="" if found.compared_nano >= found.cost_nano else formats.percent(found.compared_nano, found.cost_nano),
    )  # fmt: skip


def _against(nano: int, paid: int) -> Delta:
    if nano == paid:
        return Delta(text="the same")
    if nano > paid:
        return Delta(text=f"saved {rounded(nano - paid)}", tone="good")
    return Delta(text=f"cost {rounded(paid - nano)} more", tone="worse")


KIND = Kind(
    name="saved", title="What routing saved",
    says="The cost against what was asked for, always the best model and always the cheapest good one.",
    asks=asks, draw=draw, width="half",
)  # fmt: skip
