"""Which group's money went to which other one: bands as wide as their figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analytics.dashboards.charts import flow
from analytics.dashboards.charts.flow import Node, Ribbon, Side
from analytics.dashboards.measures import ADDED, MEASURES, Measure, grouped
from analytics.dashboards.tiles.parts import GREY, Groups, Table, largest, read
from analytics.dashboards.types import WORDS, Kind, Seen, Tile, View
from analytics.windows.types import Dimension, Question
from budgets.types import NANO

LEFT_MOST = 9
Sums = Mapping[tuple[str, ...], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    title: str
    is_empty: bool
    label: str
    hint: str
    ribbons: tuple[Ribbon, ...]
    left: tuple[Node, ...]
    right: tuple[Node, ...]
    table: Table


def asks(tile: Tile, view: View) -> Mapping[str, Question]:
    return {"now": view.question(*(tile.by or USUAL))}


def draw(seen: Seen) -> Flow:
    measure, (source, target) = MEASURES[seen.tile.measure or "cost"], seen.tile.by or USUAL
    sums = {group: read(measure, figures) for group, figures in grouped(seen.answers["now"].rows, 0, 1).items()}
    rows, columns = largest(_side(sums, 0), LEFT_MOST), largest(_side(sums, 1))
    cells = [[_between(sums, row, column) for column in _parts(columns)] for row in _parts(rows)]
    left, right = _named(seen, source, rows), _named(seen, target, columns)
    colours = [min(place, GREY) for place in range(1, len(right) + 1)]
    sides = (
        Side(names=left, sums=[sum(row) for row in cells], gap=flow.LEFT_GAP),
        Side(names=right, sums=[sum(column) for column in zip(*cells, strict=True)], gap=flow.RIGHT_GAP),
    )
    unit = flow.scale(*sides)
    title = f"From {WORDS[source]} to {WORDS[target]}"
    return Flow(
        title=seen.tile.title or title, is_empty=not unit, hint=f"a band is as wide as its {_HINTS[measure.name]}",
        label=f"{measure.word} {title[0].lower()}{title[1:]}; the table below has the figures.",
        ribbons=flow.ribbons(cells, *sides, colours, _words(left, right, cells, measure)),
        left=flow.nodes(sides[0], unit, _figures(measure, sides[0].sums), [0] * len(left)),
        right=flow.nodes(sides[1], unit, _figures(measure, sides[1].sums), colours),
        table=_table(title, WORDS[source], left, right, cells, measure),
    )  # fmt: skip


def _side(sums: Sums, place: int) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for group, value in sums.items():
        found[group[place],] = found.get((group[place],), 0) + value
    return found


def _parts(groups: Groups) -> list[tuple[tuple[str, ...], ...]]:
    """Each shown group alone, then all others together."""
    return [*((group,) for group in groups.names), *([groups.others] if groups.others else [])]


def _between(sums: Sums, rows: Sequence[tuple[str, ...]], columns: Sequence[tuple[str, ...]]) -> float:
    return sum(sums.get((row[0], column[0]), 0) for row in rows for column in columns)


def _named(seen: Seen, dimension: Dimension, groups: Groups) -> list[str]:
    others = [f"{len(groups.others)} others"] if groups.others else []
    return [*(seen.name(dimension, group[0]) for group in groups.names), *others]


def _figures(measure: Measure, sums: Sequence[float]) -> list[str]:
    """Money from ten dollars on without cents, which a band shows none of."""
    return [
        f"${value / NANO:,.0f}" if measure.name == "cost" and value >= 10 * NANO else measure.write(value)
        for value in sums
    ]


def _words(
    left: Sequence[str], right: Sequence[str], cells: Sequence[Sequence[float]], measure: Measure
) -> dict[tuple[int, int], str]:
    return {
        (row, column): f"{left[row]} → {right[column]}: {measure.write(value)}"
        for row, values in enumerate(cells)
        for column, value in enumerate(values)
    }


def _table(
    title: str, word: str, left: Sequence[str], right: Sequence[str], cells: Sequence[Sequence[float]], measure: Measure
) -> Table:
    rows = [
        (name, *(measure.write(value) for value in values), measure.write(sum(values)))
        for name, values in zip(left, cells, strict=True)
    ]
    return Table(caption=title, head=(word.capitalize(), *right, "In all"), rows=tuple(rows))


_HINTS = {"cost": "money", "requests": "number of requests", "tokens": "tokens"}
USUAL: tuple[Dimension, ...] = ("category", "model")
_BY: tuple[tuple[Dimension, ...], ...] = (
    USUAL, ("task_type", "model"), ("policy", "model"), ("account", "model"), ("category", "provider"), ("key", "model"),
)  # fmt: skip
KIND = Kind(
    name="flow", title="Flow", says="Which category's money went to which model, as bands.",
    asks=asks, draw=draw, by=_BY, measures=ADDED,
)  # fmt: skip
