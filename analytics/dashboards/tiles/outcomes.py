"""How requests ended over time: bands of what failed, was cancelled or refused, beside success."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from analytics.dashboards import ranges
from analytics.dashboards.charts import axes, stack
from analytics.dashboards.charts.stack import Series, Stack
from analytics.dashboards.measures import MEASURES, whole
from analytics.dashboards.tiles.parts import Delta, Table, tone, written
from analytics.dashboards.types import Kind, Seen, Tile, View
from analytics.reports.measures import success
from analytics.windows.steps import after
from analytics.windows.types import Figures, Question
from budgets import formats

ENDS: Mapping[str, str] = {
    "failures": "failed", "unknown": "not known", "abandoned": "cancelled", "refused": "refused", "successes": "answered",
}  # fmt: skip
"""The field of each end, and its word; the gravest lies lowest."""
BAD = tuple(end for end in ENDS if end != "successes")
COLOURS = {"failures": 4, "unknown": 5, "abandoned": 3, "refused": 6, "successes": 0}


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    word: str
    colour: int
    count: str
    share: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    title: str
    is_empty: bool
    figure: str
    delta: Delta
    before_words: str
    chart: Stack
    ends: tuple[End, ...]
    table: Table


def asks(_tile: Tile, view: View) -> Mapping[str, Question]:
    # With the distributions that the latencies beside it are drawn from: so both are one question.
    now = view.question(step=view.step, distributions=True)
    return {"now": now, "before": view.before.question(step=view.step, distributions=True)}


def draw(seen: Seen) -> Outcomes:
    view = seen.view
    starts = axes.columns(view.since, view.until, view.step)
    by_start = {row.start.timestamp(): row.figures for row in seen.answers["now"].rows if row.start}
    found = [by_start.get(start.timestamp(), Figures()) for start in starts]
    now, before = (whole(seen.answers[name]) for name in ("now", "before"))
    return Outcomes(
        title=seen.tile.title or "How requests ended", is_empty=not now.requests, figure=written(MEASURES["success"], now),
        delta=_delta(now, before), before_words=ranges.shifted(view), chart=_chart(view, starts, found),
        ends=tuple(
            End(word=word, colour=COLOURS[end], count=formats.count(getattr(now, end)),
                share=formats.percent(getattr(now, end), now.requests, 1))
            for end, word in reversed(list(ENDS.items())) if getattr(now, end)
        ),
        table=_table(view, starts, found),
    )  # fmt: skip


def _delta(now: Figures, before: Figures) -> Delta:
    share, was = success(now), success(before)
    if share is None or was is None:
        return Delta(text=formats.NOTHING)
    return Delta(text=formats.points(share, was), tone=tone(round(share - was, 3), "more"))


def _chart(view: View, starts: Sequence[datetime], found: Sequence[Figures]) -> Stack:
    """Those that were not answered: of the others there are nearly always so many that nothing else could be seen."""
    series = [Series(name=ENDS[end], colour=COLOURS[end], values=_shares(found, end)) for end in BAD]
    is_under_way = bool(starts) and after(starts[-1], view.step) > view.now
    most = max((sum(column) for column in zip(*(each.values for each in series), strict=True)), default=0)
    top, ticks = axes.heights(max(most, 1), lambda value: f"{value:g}{formats.THIN}%")
    words = [
        f"{axes.CAPTIONS[view.step](start)}: "
        + (
            "; ".join(f"{getattr(each, end):,} {word}" for end, word in ENDS.items() if getattr(each, end))
            or "no request"
        )
        for start, each in zip(starts, found, strict=True)
    ]
    return Stack(
        label=f"Requests that were not answered per {view.step}, in per cent of all; the table below has the figures.",
        layers=stack.layers(series, top, is_under_way), marks=(), hits=stack.hits(words), y_ticks=ticks,
        x_ticks=axes.dates(starts, view.step, view.local(view.now)),
    )  # fmt: skip


def _shares(found: Sequence[Figures], end: str) -> list[float]:
    return [100 * getattr(each, end) / each.requests if each.requests else 0.0 for each in found]


def _table(view: View, starts: Sequence[datetime], found: Sequence[Figures]) -> Table:
    rows = tuple(
        (
            axes.CAPTIONS[view.step](start),
            *(formats.count(getattr(each, end)) for end in ENDS),
            written(MEASURES["success"], each),
        )
        for start, each in zip(starts, found, strict=True)
    )  # fmt: skip
    head = (view.step.capitalize(), *(word.capitalize() for word in ENDS.values()), "Success")
    return Table(caption=f"How requests ended per {view.step}", head=head, rows=rows)


KIND = Kind(
    name="outcomes", title="How requests ended", says="Answered, failed, cancelled and refused requests over time.",
    asks=asks, draw=draw, width="half",
)  # fmt: skip
