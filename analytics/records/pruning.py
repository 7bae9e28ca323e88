"""Let go of what is older than it is kept for, and say what went."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import DatabaseError, connection

from analytics.models import Pruning
from analytics.records import partitions
from analytics.records.partitions import Partition
from analytics.records.retention import Kind, NotYet, hooks, kinds
from budgets.people.legal_holds import accounts_held

logger = logging.getLogger(__name__)
ROWS_AT_ONCE = 10_000
"""A transaction deletes so many, so that none is long."""
MAX_REASON = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What is due to go, or went: a partition, or the rows of a table."""

    kind: str
    name: str
    until: datetime
    """All of it is older."""
    rows: int
    kept: int
    """Of accounts under legal hold."""
    bytes: int
    problem: str = ""
    """Why it had to stay; empty where it went."""
    week: Partition | None = None
    """None: rows of a table."""


def due(now: datetime) -> Iterator[Part]:
    """What a run would let go of. Changes nothing."""
    for kind, until in _aged(now):
        yield from _parts(kind, until)
        if kind.is_partitioned:
            rest = replace(kind, table=f"{kind.table}_rest")
            yield from _rows(rest, partitions.monday_of(until))


def prune(now: datetime, reason: str) -> list[Part]:
    """Let go of what is due, and say so. What somebody keeps locked, or a hook wants to stay, stays until the next run."""
    found = []
    for kind, until in _aged(now):
        if kind.is_partitioned:
            for monday in partitions.strays(kind.table):
                partitions.make(kind.table, monday)
        for part in list(_parts(kind, until)):
            found.append(gone := _let_go(kind, part))
            _note(gone, reason)
    return found


def _aged(now: datetime) -> Iterator[tuple[Kind, datetime]]:
    for kind in kinds():
        if (days := kind.days()) is not None:
            yield kind, now - timedelta(days=days)


def _parts(kind: Kind, until: datetime) -> Iterator[Part]:
    return _weeks(kind, until) if kind.is_partitioned else _rows(kind, until)


def _weeks(kind: Kind, until: datetime) -> Iterator[Part]:
    """Those that are over, but for what is left of one for the sake of a legal hold."""
    for week in partitions.partitions(kind.table):
        if week.until <= until:
            rows, kept = partitions.count(week, accounts_held())
            if rows or not kept:
                yield Part(kind=kind.name, name=week.name, until=week.until, rows=rows, kept=kept,
                           bytes=partitions.size(week), week=week)  # fmt: skip


def _rows(kind: Kind, until: datetime) -> Iterator[Part]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FILTER (WHERE {_free(kind)}), count(*) FROM {kind.table} WHERE {kind.column} < %(until)s",  # noqa: S608
            {"until": until, "held": accounts_held()},
        )
        rows, every = cursor.fetchone()
    if rows:
        yield Part(kind=kind.name, name=kind.table, until=until, rows=rows, kept=every - rows, bytes=0)


def _let_go(kind: Kind, part: Part) -> Part:
    """The part as it went, or with its problem."""
    try:
        return _delete(kind, part) if part.week is None else _drop(part, part.week)
    except (NotYet, DatabaseError) as problem:
        return replace(part, problem=str(problem).strip())


def _drop(part: Part, week: Partition) -> Part:
    def before() -> None:
        for hook in hooks():
            hook(week)

    rows, kept, freed = partitions.drop(week, accounts_held, before)
    return replace(part, rows=rows, kept=kept, bytes=freed)


def _delete(kind: Kind, part: Part) -> Part:
    """So many at once, so that no transaction is long."""
    rows, deleted = 0, ROWS_AT_ONCE
    with connection.cursor() as cursor:
        while deleted == ROWS_AT_ONCE:
            cursor.execute(
                f"DELETE FROM {kind.table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {kind.table}"  # noqa: S608
                f" WHERE {kind.column} < %(until)s AND {_free(kind)} LIMIT %(most)s))",
                {"until": part.until, "held": accounts_held(), "most": ROWS_AT_ONCE},
            )
            deleted = cursor.rowcount
            rows += deleted
    return replace(part, rows=rows)


def _free(kind: Kind) -> str:
    """The condition of rows that no legal hold is on."""
    return "coalesce(account_id, 0) <> ALL (%(held)s::bigint[])" if kind.has_accounts else "true"


def _note(part: Part, reason: str) -> None:
    logger.log(
        logging.ERROR if part.problem else logging.INFO,
        "action=prune kind=%s part=%s until=%s rows=%s kept=%s bytes=%s problem=%s",
        part.kind, part.name, part.until.isoformat(), part.rows, part.kept, part.bytes, part.problem or "none",
    )  # fmt: skip
    if not part.problem:
        Pruning.objects.create(kind=part.kind, part=part.name, until=part.until, rows=part.rows, kept=part.kept,
                               bytes=part.bytes, reason=reason[:MAX_REASON])  # fmt: skip
