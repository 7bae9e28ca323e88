"""What went wrong, by kind of error, against the time before."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from analytics.dashboards import ranges
from analytics.dashboards.measures import whole
from analytics.dashboards.tiles.parts import Entry, delta, width
from analytics.dashboards.types import Kind, Seen, Tile, View
from analytics.windows.types import Question
from budgets import formats


@dataclass(frozen=True, kw_only=True, slots=True)
class Errors:
    title: str
    is_empty: bool
    requests: str
    before_words: str
    entries: tuple[Entry, ...]


def asks(_tile: Tile, view: View) -> Mapping[str, Question]:
    return {
        name: each.question(step=each.step, distributions=True)
        for name, each in (("now", view), ("before", view.before))
    }


def draw(seen: Seen) -> Errors:
    now, before = (whole(seen.answers[name]) for name in ("now", "before"))
    most = max(now.errors.values(), default=0)
    ordered = sorted(now.errors.items(), key=lambda each: (-each[1], each[0]))
    entries = tuple(
        Entry(
            name=_in_words(kind), link="", figure=formats.count(count),
            share=formats.percent(count, now.requests, 2), width=width(count, most),
            delta=delta(count, before.errors.get(kind, 0), "less"),
        )
        for kind, count in ordered
    )  # fmt: skip
    return Errors(
        title=seen.tile.title or "Kinds of errors", is_empty=not entries, requests=formats.count(now.requests),
        before_words=ranges.shifted(seen.view), entries=entries,
    )  # fmt: skip


def _in_words(kind: str) -> str:
    """insufficient quota, timed out."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).replace("_", " ").lower()


KIND = Kind(
    name="errors", title="Kinds of errors", says="What requests failed of or were refused for.", asks=asks, draw=draw,
    width="half",
)  # fmt: skip
