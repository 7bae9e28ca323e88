"""The targets of the product and how they stand."""

from collections.abc import Mapping
from dataclasses import dataclass

from analytics.dashboards.tiles.parts import Delta
from analytics.dashboards.types import Kind, Seen, Tile, View
from analytics.reports.targets import targets
from analytics.reports.types import Target, Targets
from analytics.windows.types import Question
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Both:
    """Of the view, and of the time before."""

    now: Targets
    before: Targets


def asks(_tile: Tile, _view: View) -> Mapping[str, Question]:
    return {}


def reads(view: View) -> Both:
    return Both(now=targets(view.question()), before=targets(view.before.question()))


def draw(seen: Seen) -> Standing:
    both: Both = seen.also
    was = {each.name: each for each in both.before.targets}
    return Standing(
        title=seen.tile.title or "Targets", is_empty=all(each.is_met is None for each in both.now.targets),
        targets=tuple(_shown(each, was.get(each.name)) for each in both.now.targets),
    )  # fmt: skip


def _shown(target: Target, before: Target | None) -> Shown:
    return Shown(
        title=target.title, figure=formats.NOTHING if target.is_met is None else target.value,
        note=" · ".join(filter(None, (target.wanted, target.note))), delta=_delta(target, before), is_met=target.is_met,
    )  # fmt: skip


BETTER = {"cost": "less", "success": "more", "latency": "less"}


def _delta(target: Target, before: Target | None) -> Delta | None:
    return None


KIND = Kind(
    name="targets", title="Targets", says="Cost, success, time, budgets and shares of policies beside what they are to be.",
    asks=asks, draw=draw, reads=reads,
)  # fmt: skip
