"""The targets of the product and how they stand."""

from collections.abc import Mapping
from dataclasses import dataclass

from analytics.dashboards.measures import MEASURES, whole
from analytics.dashboards.tiles.parts import Delta, delta, written
from analytics.dashboards.types import Kind, Seen, Tile, View
from analytics.reports.types import Target, Targets
from analytics.windows.types import Figures, Question
from budgets import formats


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    title: str
    figure: str
    note: str
    delta: Delta | None
    is_met: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    title: str
    is_empty: bool
    targets: tuple[Shown, ...]


def asks(_tile: Tile, view: View) -> Mapping[str, Question]:
    return {"now": view.question("policy"), "before": view.before.question("policy")}


def draw(seen: Seen) -> Standing:
    found: Targets = seen.also
    now, before = whole(seen.answers["now"]), whole(seen.answers["before"])
    return Standing(
        title=seen.tile.title or "Targets", is_empty=not now.requests,
        targets=tuple(_shown(each, now, before) for each in found.targets),
    )  # fmt: skip


def _shown(target: Target, now: Figures, before: Figures) -> Shown:
    measure = MEASURES.get(SAME.get(target.name, ""))
    figure = written(measure, now) if measure else target.value
    return Shown(
        title=target.title, figure=formats.NOTHING if target.is_met is None else figure, is_met=target.is_met,
        note=target.wanted if measure else target.note or target.wanted,
        delta=delta(measure.of(now), measure.of(before), measure.better) if measure else None,
    )  # fmt: skip


SAME = {"cost": "per_request", "success": "success", "latency": "latency"}
"""Which target is which measure."""
KIND = Kind(
    name="targets", title="Targets", says="Cost, success, time, budgets and shares of policies beside what they are to be.",
    asks=asks, draw=draw,
)  # fmt: skip
