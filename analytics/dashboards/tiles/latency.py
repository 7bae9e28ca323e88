"""How long answers took over time: the median and the slowest of twenty, or until the first token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from analytics.dashboards import ranges
from analytics.dashboards.charts import axes, lines, stack
from analytics.dashboards.charts.lines import Lines
from analytics.dashboards.measures import whole
from analytics.dashboards.tiles.parts import Delta, Table, delta
from analytics.dashboards.types import Kind, Seen, Tile, View
from analytics.windows import sketches
from analytics.windows.types import Answer, Figures, Question, Sketch
from budgets import formats

MEDIAN, SLOW = 0.5, 0.95
TITLES = {"latency": "Time of an answer", "first_token": "Time to the first token"}
Values = Sequence[float | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Latency:
    title: str
    is_empty: bool
    median: str
    slow: str
    delta: Delta
    before_words: str
    answers: str
    chart: Lines
    table: Table


def asks(_tile: Tile, view: View) -> Mapping[str, Question]:
    now = view.question(step=view.step, distributions=True)
    return {"now": now, "before": view.before.question(step=view.step, distributions=True)}


def draw(seen: Seen) -> Latency:
    measure, view = seen.tile.measure or "latency", seen.view
    starts = axes.columns(view.since, view.until, view.step)
    earlier = axes.columns(view.before.since, view.before.until, view.step)
    by_start = _by_start(seen.answers["now"])
    found = [by_start.get(start.timestamp()) for start in starts]
    median, slow = ([_at(measure, each, part) for each in found] for part in (MEDIAN, SLOW))
    was = _by_start(seen.answers["before"])
    before = [_at(measure, was.get(start.timestamp()), MEDIAN) for start in earlier][: len(starts)]
    before += [None] * (len(starts) - len(before))
    now_all, before_all = (whole(seen.answers[name]) for name in ("now", "before"))
    middle = _at(measure, now_all, MEDIAN)
    counted = now_all.timed if measure == "latency" else now_all.first_tokens
    return Latency(
        title=seen.tile.title or TITLES[measure], is_empty=middle is None, median=_written(middle),
        slow=_written(_at(measure, now_all, SLOW)), delta=delta(middle, _at(measure, before_all, MEDIAN), "less"),
        before_words=ranges.shifted(view), answers=formats.count(counted),
        chart=_chart(view, starts, median, slow, before, TITLES[measure]),
        table=_table(view, starts, median, slow, before, TITLES[measure]),
    )  # fmt: skip


def sketch(measure: str, figures: Figures) -> Sketch:
    return figures.latencies if measure == "latency" else figures.first_token_times


def _by_start(answer: Answer) -> dict[float, Figures]:
    return {row.start.timestamp(): row.figures for row in answer.rows if row.start}


def _at(measure: str, figures: Figures | None, part: float) -> float | None:
    return sketches.quantile(sketch(measure, figures), part) if figures else None


def _written(value: float | None) -> str:
    return formats.NOTHING if value is None else formats.duration(value)


def _on_the_axis(milliseconds: float) -> str:
    """Short, and in seconds however many."""
    return f"{milliseconds / 1_000:g}{formats.THIN}s" if milliseconds >= 1_000 else f"{milliseconds:g}{formats.THIN}ms"


def _chart(view: View, starts: Sequence[datetime], median: Values, slow: Values, before: Values, title: str) -> Lines:
    top, ticks = axes.heights(
        max((each for each in (*median, *slow, *before) if each is not None), default=0), _on_the_axis
    )
    words = [
        f"{axes.CAPTIONS[view.step](start)}: half within {_written(median[n])}, 95{formats.THIN}% within {_written(slow[n])}"
        for n, start in enumerate(starts)
    ]
    return Lines(
        label=f"{title} per {view.step}: the median and the 95th percentile; the table below has the figures.",
        lines=(
            lines.line("ghost", ranges.shifted(view), before, top),
            lines.line("l3", "95 %", slow, top, "95 %"),
            lines.line("l1", "half", median, top, "half"),
        ),
        band=lines.band(slow, median, top), hits=stack.hits(words), y_ticks=ticks,
        x_ticks=axes.dates(starts, view.step, view.local(view.now)),
    )  # fmt: skip


def _table(view: View, starts: Sequence[datetime], median: Values, slow: Values, before: Values, title: str) -> Table:
    rows = tuple(
        (axes.CAPTIONS[view.step](start), *(_written(each[place]) for each in (median, slow, before)))
        for place, start in enumerate(starts)
    )
    head = (view.step.capitalize(), "Half within", f"95{formats.THIN}% within", f"Half, {ranges.shifted(view)}")
    return Table(caption=f"{title} per {view.step}", head=head, rows=rows)


KIND = Kind(
    name="latency", title="Time of an answer", says="The median and the 95th percentile over time.", asks=asks, draw=draw,
    measures=tuple(TITLES), width="half",
)  # fmt: skip
