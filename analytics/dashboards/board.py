"""A page of tiles: every question is asked once, whichever tiles have it; then each tile is drawn from the answers alone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from analytics.dashboards import ranges
from analytics.dashboards.tiles import KINDS
from analytics.dashboards.types import Kind, Names, Seen, Tile, View
from analytics.windows import names, reading
from analytics.windows.types import Answer, Dimension, Question

NOWHERE = "\N{EMPTY SET}"
"""A value that no request has: what is left of filters that exclude one another."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """A tile as its template shows it."""

    kind: Kind
    tile: Tile
    value: Any
    width: str
    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    tiles: tuple[Drawn, ...]
    as_of: datetime | None
    """Until when all of its figures are whole."""
    names: Names
    asked: int
    """How many questions it took."""


def draw(tiles: Sequence[Tile], view: View, links: Callable[[Mapping[str, str | None]], str]) -> Board:
    views = [narrowed(view, tile) for tile in tiles]
    asked = [KINDS[tile.kind].asks(tile, each) for tile, each in zip(tiles, views, strict=True)]
    answers = {key(question): question for questions in asked for question in questions.values()}
    told = {name: reading.ask(question) for name, question in answers.items()}
    called = _names(answers, told)
    drawn = []
    for place, (tile, each, questions) in enumerate(zip(tiles, views, asked, strict=True)):
        kind = KINDS[tile.kind]
        own = {name: told[key(question)] for name, question in questions.items()}
        also = kind.reads(each) if kind.reads else None
        seen = Seen(tile=tile, view=each, answers=own, names=called, links=links, also=also)
        drawn.append(
            Drawn(kind=kind, tile=tile, value=kind.draw(seen), width=tile.width or kind.width, id=f"tile-{place}")
        )
    return Board(
        tiles=tuple(drawn), as_of=min((each.as_of for each in told.values()), default=None),
        names=called, asked=len(told),
    )  # fmt: skip


def narrowed(view: View, tile: Tile) -> View:
    """The view with what a tile of its own asks for: its range, and its filters beside the page's."""
    if tile.range:
        view = ranges.over(view, tile.range)
    where: dict[Dimension, tuple[str, ...]] = dict(view.where)
    for dimension, values in tile.where.items():
        both = tuple(each for each in values if each in where.get(dimension, values))
        where[dimension] = both or (NOWHERE,)
    return replace(view, where=where)


def key(question: Question) -> tuple[Any, ...]:
    """Equal for equal questions."""
    where = tuple(sorted(question.where.items()))
    return (
        question.since, question.until, question.zone, question.by, question.step, where, question.accounts,
        question.traffic, question.distributions,
    )  # fmt: skip


def _names(asked: Mapping[Any, Question], told: Mapping[Any, Answer]) -> Names:
    """Each dimension's values are looked up once for the whole page."""
    values: dict[Dimension, set[str]] = {}
    for name, answer in told.items():
        for place, dimension in enumerate(asked[name].by):
            values.setdefault(dimension, set()).update(_column(answer, place))
        for dimension, wanted in asked[name].where.items():
            values.setdefault(dimension, set()).update(wanted)
    return {
        (dimension, value): word
        for dimension, found in values.items()
        for value, word in names.labels(dimension, sorted(found - {""})).items()
    }


def _column(answer: Answer, place: int) -> Iterable[str]:
    return (row.group[place] for row in answer.rows)
