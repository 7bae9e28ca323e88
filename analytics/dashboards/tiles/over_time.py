"""What was spent or used over time, stacked by a group; the list beside it is the legend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from analytics.dashboards import ranges
from analytics.dashboards.charts import axes, stack
from analytics.dashboards.charts.stack import Series, Stack
from analytics.dashboards.measures import ADDED, MEASURES, Measure
from analytics.dashboards.tiles.parts import GREY, Delta, Entry, Groups, Table, delta, largest, read
from analytics.dashboards.types import WORDS, Kind, Seen, Tile, View
from analytics.windows.steps import after
from analytics.windows.types import Answer, Dimension, Question
from budgets import formats
from budgets.alerts.types import Unusual

Cells = Mapping[tuple[str, ...], Sequence[float]]
"""By group, one figure a column."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flag:
    """An anomaly on the chart."""

    at: float
    """Per cent from the left."""
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OverTime:
    title: str
    is_empty: bool
    figure: str
    delta: Delta
    note: str
    before_words: str
    by: str
    word: str
    chart: Stack
    entries: tuple[Entry, ...]
    """From the highest layer down, as the chart has them."""
    total: Entry
    table: Table
    flags: tuple[Flag, ...]


def by_of(tile: Tile, view: View) -> Dimension:
    return tile.by[0] if tile.by else view.by or "model"


def asks(tile: Tile, view: View) -> Mapping[str, Question]:
    by = by_of(tile, view)
    return {"now": view.question(by, step=view.step), "before": view.before.question(by, step=view.step)}


def draw(seen: Seen) -> OverTime:
    by, measure = by_of(seen.tile, seen.view), MEASURES[seen.tile.measure or "cost"]
    starts = axes.columns(seen.view.since, seen.view.until, seen.view.step)
    earlier = axes.columns(seen.view.before.since, seen.view.before.until, seen.view.step)
    now, before = cells(seen.answers["now"], starts, measure), cells(seen.answers["before"], earlier, measure)
    sums = {group: sum(values) for group, values in now.items()}
    was = {group: sum(values) for group, values in before.items()}
    groups = largest(sums)
    series = _series(seen, by, groups, now)
    marks = [sum(column) for column in zip(*before.values(), strict=True)] if before else []
    all_now, all_before = sum(sums.values()), sum(was.values())
    requests = sum(row.figures.requests for row in seen.answers["now"].rows)
    before_words = ranges.shifted(seen.view)
    entries = tuple(reversed(_entries(seen, by, groups, sums, was, measure)))
    return OverTime(
        title=seen.tile.title or f"{_WHAT[measure.name]} by {WORDS[by]}", is_empty=not requests,
        figure=measure.write(all_now), delta=delta(all_now, all_before, measure.better),
        note=_note(measure, all_before, requests, before_words), before_words=before_words, by=WORDS[by], word=measure.word,
        chart=_chart(seen.view, series, starts, marks, measure), entries=entries,
        total=_entry("In all", "", all_now, all_now, all_before, measure),
        table=_table(seen.view, by, series, starts, marks, measure), flags=_flags(seen, starts),
    )  # fmt: skip


def cells(answer: Answer, starts: Sequence[datetime], measure: Measure) -> dict[tuple[str, ...], list[float]]:
    """By group, what there is in each column. A first column that began before the range is that of the range's start."""
    places = {start.timestamp(): place for place, start in enumerate(starts)}
    found: dict[tuple[str, ...], list[float]] = {}
    for row in answer.rows:
        if row.start is None:
            continue
        place = places.get(row.start.timestamp())
        if place is not None:
            found.setdefault(row.group, [0.0] * len(starts))[place] += read(measure, row.figures)
    return found


def _series(seen: Seen, by: Dimension, groups: Groups, now: Cells) -> list[Series]:
    found = [
        Series(name=seen.name(by, group[0]), colour=min(place, GREY), values=now[group])
        for place, group in enumerate(groups.names, 1)
    ]
    if groups.others:
        together = [sum(column) for column in zip(*(now[group] for group in groups.others), strict=True)]
        found.append(Series(name=f"{len(groups.others)} others", colour=GREY, values=together))
    return found


def _entries(
    seen: Seen, by: Dimension, groups: Groups, sums: Mapping[tuple[str, ...], float],
    was: Mapping[tuple[str, ...], float], measure: Measure,
) -> list[Entry]:  # fmt: skip
    whole = sum(sums.values())
    found = [
        _entry(seen.name(by, group[0]), seen.only(by, group[0]), sums[group], whole, was.get(group, 0), measure, min(place, GREY))
        for place, group in enumerate(groups.names, 1)
    ]  # fmt: skip
    if groups.others:
        value, before = (sum(each.get(group, 0) for group in groups.others) for each in (sums, was))
        found.append(_entry(f"{len(groups.others)} others", "", value, whole, before, measure, GREY))
    return found


def _entry(name: str, link: str, value: float, whole: float, before: float, measure: Measure, colour: int = 0) -> Entry:
    return Entry(
        name=name, link=link, figure=measure.write(value), share=formats.percent(value, whole), colour=colour,
        delta=delta(value, before, measure.better),
    )  # fmt: skip


def _chart(
    view: View, series: Sequence[Series], starts: Sequence[datetime], marks: Sequence[float], measure: Measure
) -> Stack:
    totals = [sum(column) for column in zip(*(each.values for each in series), strict=True)]
    top, ticks = axes.heights(max([*totals, *marks, 0]), lambda value: _tick(measure, value))
    shown = [marks[place] if place < len(marks) else None for place in range(len(starts))] if any(marks) else []
    words = [
        f"{axes.CAPTIONS[view.step](start)}: {measure.write(totals[place] if totals else 0)}"
        + "".join(f"; {each.name} {measure.write(each.values[place])}" for each in series if each.values[place])
        for place, start in enumerate(starts)
    ]
    is_under_way = bool(starts) and after(starts[-1], view.step) > view.now
    return Stack(
        label=f"{_WHAT[measure.name]} per {view.step}, stacked: {measure.write(sum(totals))} in all, "
        f"{measure.write(sum(marks))} {ranges.shifted(view)}.",
        layers=stack.layers(series, top, is_under_way), marks=stack.marks(shown, top), hits=stack.hits(words),
        y_ticks=ticks, x_ticks=axes.dates(starts, view.step, view.local(view.now)),
    )  # fmt: skip


def _tick(measure: Measure, value: float) -> str:
    """Round values need no cents."""
    text = measure.write(value)
    return text.removesuffix(".00")


def _table(
    view: View, by: Dimension, series: Sequence[Series], starts: Sequence[datetime], marks: Sequence[float],
    measure: Measure,
) -> Table:  # fmt: skip
    rows = [
        (
            axes.CAPTIONS[view.step](start),
            *(measure.write(each.values[place]) for each in series),
            measure.write(sum(each.values[place] for each in series)),
            measure.write(marks[place]) if place < len(marks) else formats.NOTHING,
        )
        for place, start in enumerate(starts)
    ]
    head = (view.step.capitalize(), *(each.name for each in series), "In all", ranges.shifted(view).capitalize())
    return Table(caption=f"{_WHAT[measure.name]} by {WORDS[by]} per {view.step}", head=head, rows=tuple(rows))


def _note(measure: Measure, before: float, requests: int, before_words: str) -> str:
    parts = [f"from {measure.write(before)} {before_words}"] if before else [f"nothing {before_words}"]
    return " · ".join(parts + ([] if measure.name == "requests" else [f"{requests:,} requests"]))


def _flags(seen: Seen, starts: Sequence[datetime]) -> tuple[Flag, ...]:
    """One a column: the first that was found in it."""
    found: dict[int, Unusual] = {}
    for each in seen.also:
        place = next((n for n in range(len(starts) - 1, -1, -1) if starts[n] <= each.found_at), None)
        if place is not None:
            found.setdefault(place, each)
    return tuple(
        Flag(at=round(100 * (place + 0.5) / len(starts), 2), title=each.title) for place, each in sorted(found.items())
    )


_WHAT = {"cost": "Spend", "requests": "Requests", "tokens": "Tokens"}
_BY: tuple[Dimension, ...] = (
    "model", "provider", "deployment", "account", "user", "key", "policy", "category", "task_type", "complexity", "worker",
)  # fmt: skip
KIND = Kind(
    name="over_time", title="Over time", says="Spend, requests or tokens over time, stacked by a group.",
    asks=asks, draw=draw, by=tuple((each,) for each in _BY), measures=ADDED,
)  # fmt: skip
