"""A page of tiles: every question is asked once, whichever tiles have it; then each tile is drawn from the answers alone."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from analytics.dashboards import ranges
from analytics.dashboards.beside import READS
from analytics.dashboards.tiles import KINDS
from analytics.dashboards.types import Links, Names, Seen, Tile, View
from analytics.windows import names, reading
from analytics.windows.types import Answer, Dimension, Question

NOWHERE = "\N{EMPTY SET}"
"""A value that no request has: what is left of filters that exclude one another."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """A tile as its template shows it."""

    tile: Tile
    value: Any
    """As its kind made it; None where it cannot be drawn."""
    id: str
    problem: str = ""
    """Why it cannot be drawn with these filters; empty: it is drawn."""

    @property
    def title(self) -> str:
        return self.tile.title or KINDS[self.tile.kind].title

    @property
    def width(self) -> str:
        return self.tile.width or KINDS[self.tile.kind].width

    @property
    def template(self) -> str:
        return "analytics/tiles/refused.html" if self.problem else KINDS[self.tile.kind].template


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    tiles: tuple[Drawn, ...]
    as_of: datetime | None
    """Until when all of its figures are whole; None: nothing was counted yet."""
    names: Names
    asked: int
    """How many questions it took."""


def draw(tiles: Sequence[Tile], view: View, links: Links) -> Board:
    views = [narrowed(view, tile) for tile in tiles]
    asked = [KINDS[tile.kind].asks(tile, each) for tile, each in zip(tiles, views, strict=True)]
    questions = {key(question): question for each in asked for question in each.values()}
    told, refused = _told(questions)
    called = _names(questions, told)
    drawn = []
    for place, (tile, each, own) in enumerate(zip(tiles, views, asked, strict=True)):
        problem = next((refused[key(question)] for question in own.values() if key(question) in refused), "")
        answers = {name: told[key(question)] for name, question in own.items() if not problem}
        seen = Seen(tile=tile, view=each, answers=answers, names=called, links=links)
        drawn.append(_drawn(seen, problem, f"tile-{place}"))
    as_of = min((each.as_of for each in told.values()), default=reading.NOTHING_YET)
    counted = as_of if as_of > reading.NOTHING_YET else None
    return Board(tiles=tuple(drawn), as_of=counted, names=called, asked=len(questions))


def _drawn(seen: Seen, problem: str, place: str) -> Drawn:
    """What is beside the roll-ups may be refused as well."""
    kind, value = seen.tile.kind, None
    try:
        if not problem:
            also = READS[kind](seen.view) if kind in READS else None
            value = KINDS[kind].draw(replace(seen, also=also))
    except ValidationError as refused:
        problem = " ".join(refused.messages)
    return Drawn(tile=seen.tile, value=value, id=place, problem=problem)


def _told(asked: Mapping[Any, Question]) -> tuple[dict[Any, Answer], dict[Any, str]]:
    """The answers, and why some questions have none: figures of tags are kept by account alone."""
    told, refused = {}, {}
    for name, question in asked.items():
        try:
            told[name] = reading.ask(question)
        except ValueError as problem:
            refused[name] = str(problem).partition(": ")[2]
    return told, refused


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
        for value, word in _labels(dimension, found - {""}).items()
    }


def _labels(dimension: Dimension, values: Collection[str]) -> Mapping[str, str]:
    """Models without their provider, where no other one on the page is called so."""
    called = names.labels(dimension, sorted(values))
    if dimension != "model":
        return called
    short = {value: word.partition(":")[2] or word for value, word in called.items()}
    counts = Counter(short.values())
    return {value: word if counts[word] == 1 else called[value] for value, word in short.items()}


def _column(answer: Answer, place: int) -> Iterable[str]:
    return (row.group[place] for row in answer.rows)
