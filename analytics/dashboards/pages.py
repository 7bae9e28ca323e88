"""A page of figures, for whichever shell it stands in: its filters, its board, and what there is to say when it is empty."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection, transaction

from analytics.dashboards import board, filters
from analytics.dashboards.board import Board
from analytics.dashboards.filters import Bar, Params
from analytics.dashboards.types import WORDS, Tile, View
from analytics.windows import names, reading
from analytics.windows.types import Dimension

MAX_OFFERED = 200
PATIENCE_S = 2
"""So long a page waits for one answer of the database."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Adding:
    """A dimension that is to be filtered by, and the values that there are."""

    dimension: Dimension
    word: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What templates/analytics/board.html shows."""

    view: View
    bar: Bar
    board: Board
    adding: Adding | None
    is_sandbox: bool
    without: str
    """The address without the filters, where nothing fits them; empty where there are none."""


def show(
    tiles: Sequence[Tile], params: Params, now: datetime, zone: str, accounts: frozenset[int] | None = None
) -> Page:
    """Raises ValidationError, by field, where the address makes no sense, and OperationalError where the database has no answer
    in time."""
    view = filters.read(params, now, zone, accounts)
    with patience():
        return _shown(tiles, params, view)


@contextmanager
def patience() -> Iterator[None]:
    """A statement in here that takes too long raises OperationalError."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{PATIENCE_S}s'")
        yield


def _shown(tiles: Sequence[Tile], params: Params, view: View) -> Page:
    if not params.get("traffic"):
        view = with_traffic(view)
    link = filters.linker(params)
    drawn = board.draw(tiles, view, link)
    return Page(
        view=view, bar=filters.bar(view, params, drawn.names), board=drawn, adding=_adding(params, view),
        is_sandbox=view.traffic != "real", without=link(dict.fromkeys(view.where)) if view.where else "",
    )  # fmt: skip


def with_traffic(view: View) -> View:
    """Where nobody said which, and nothing real came in, what the sandbox made up: marked, and never both as one."""
    if any(row.figures.requests for row in reading.ask(view.question()).rows):
        return view
    made_up = replace(view, traffic="sandbox")
    return made_up if any(row.figures.requests for row in reading.ask(made_up.question()).rows) else view


def _adding(params: Params, view: View) -> Adding | None:
    chosen = (params.get("add") or [""])[-1]
    if chosen not in WORDS:
        return None
    dimension: Dimension = chosen  # type: ignore[assignment]  # it is one of them
    rows = reading.ask(view.question(dimension)).rows
    found = sorted(rows, key=lambda row: -row.figures.requests)[:MAX_OFFERED]
    called = names.labels(dimension, [row.group[0] for row in found])
    values = tuple((row.group[0], called[row.group[0]]) for row in found if row.group[0])
    return Adding(dimension=dimension, word=WORDS[dimension], values=values)
