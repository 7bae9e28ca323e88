"""Where a cheaper model succeeds as often, with what it would save."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from analytics.dashboards.types import Kind, Seen, Tile, View
from analytics.reports.types import Opportunities, Opportunity
from analytics.windows.types import Question
from budgets import formats
from budgets.money import rounded

MOST = 5
MONTH_DAYS = 30
MAX_DAYS = 30
"""They are looked for in so many last days of the range."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chance:
    group: str
    used: str
    cheaper: str
    words: str
    saving: str
    interval: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Chances:
    title: str
    is_empty: bool
    chances: tuple[Chance, ...]
    more: int
    compared: str


def asks(_tile: Tile, _view: View) -> Mapping[str, Question]:
    return {}


def draw(seen: Seen) -> Chances:
    found: Opportunities = seen.also
    return Chances(
        title=seen.tile.title or "Opportunities", is_empty=not found.found,
        chances=tuple(_chance(each, found.question) for each in found.found[:MOST]), more=len(found.found[MOST:]),
        compared=formats.count(found.comparisons),
    )  # fmt: skip


def _chance(each: Opportunity, question: Question) -> Chance:
    days = max((question.until - question.since) / timedelta(days=1), 1)
    estimate, low, high = (round(value * MONTH_DAYS / days) for value in each.saving_nano)
    worse, better = (formats.signed(100 * value, 1) for value in each.success_difference[1:])
    shares = [formats.percent(side.success, 1, 1) for side in (each.used, each.cheaper)]
    return Chance(
        group=", ".join(each.labels[name] for name in each.labels if each.group[name]), used=each.used.model,
        cheaper=each.cheaper.model, saving=f"saves {_short(estimate)} a month",
        words=f"Success {shares[0]} and {shares[1]}, difference {worse} to {better} points over "
        f"{each.used.requests + each.cheaper.requests:,} like requests",
        interval=f"95{formats.THIN}%: {_short(low)} to {_short(high)}",
    )  # fmt: skip


def _short(nano: int) -> str:
    return rounded(nano).split(".")[0] if abs(nano) >= 10**10 else rounded(nano)


KIND = Kind(
    name="opportunities", title="Opportunities", says="Where a cheaper model succeeds as often, and what it would save.",
    asks=asks, draw=draw,
)  # fmt: skip
