"""The groups that most of it went to, against the time before."""

from collections.abc import Mapping
from dataclasses import dataclass

from analytics.dashboards import ranges
from analytics.dashboards.measures import ADDED, MEASURES, grouped, whole
from analytics.dashboards.tiles.parts import Delta, Entry, delta, largest, read, width, written
from analytics.dashboards.types import WORDS, Kind, Seen, Tile, View
from analytics.windows.types import Dimension, Figures, Question
from budgets import formats

MOST = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Top:
    title: str
    is_empty: bool
    by: str
    word: str
    before_words: str
    entries: tuple[Entry, ...]
    more: int
    """So many groups are not shown."""
    whole: str
    """Of all groups; empty for tags, which are never summed."""
    delta: Delta


def asks(tile: Tile, view: View) -> Mapping[str, Question]:
    by = by_of(tile)
    return {"now": view.question(by), "before": view.before.question(by)}


def by_of(tile: Tile) -> Dimension:
    return tile.by[0] if tile.by else "model"


def draw(seen: Seen) -> Top:
    by, measure = by_of(seen.tile), MEASURES[seen.tile.measure or "cost"]
    now, before = (grouped(seen.answers[name].rows, 0) for name in ("now", "before"))
    sums = {group: read(measure, figures) for group, figures in now.items()}
    groups = largest(sums, MOST)
    most, every = max(sums.values(), default=0), sum(sums.values())
    entries = tuple(
        Entry(
            name=seen.name(by, group[0]), link=seen.only(by, group[0]), figure=measure.write(sums[group]),
            share="" if by == "tag" else formats.percent(sums[group], every), width=width(sums[group], most),
            delta=delta(sums[group], read(measure, before.get(group)), measure.better), detail=_detail(now[group]),
        )
        for group in groups.names
    )  # fmt: skip
    all_now, all_before = (whole(seen.answers[name]) for name in ("now", "before"))
    return Top(
        title=seen.tile.title or f"By {WORDS[by]}", is_empty=not entries, by=WORDS[by], word=measure.word,
        before_words=ranges.shifted(seen.view), entries=entries, more=len(groups.others),
        whole="" if by == "tag" else written(measure, all_now),
        delta=delta(read(measure, all_now), read(measure, all_before), measure.better),
    )  # fmt: skip


def _detail(figures: Figures) -> str:
    return f"{figures.requests:,} request{'' if figures.requests == 1 else 's'}"


_BY: tuple[Dimension, ...] = (
    "model", "key", "user", "account", "provider", "deployment", "policy", "category", "task_type", "complexity", "worker", "tag",
)  # fmt: skip
KIND = Kind(
    name="top", title="Top list", says="The models, keys, users, accounts or tags that most went to.",
    asks=asks, draw=draw, by=tuple((each,) for each in _BY), measures=ADDED, width="half",
)  # fmt: skip
