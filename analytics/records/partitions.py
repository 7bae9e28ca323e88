"""The weeks of a partitioned table: which there are, how they are made, and how one is dropped while everybody writes.

Nothing here waits long for a lock: whoever waits for one on the whole table keeps all who come after waiting too. So it is tried
for a moment, again and again.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected, LockNotAvailable

Value = TypeVar("Value")
LOCK_WAIT_MS = 250
"""The most that a request can be held up by it."""
TRIES = 40
PAUSE_S = 0.5
WEEKS_AHEAD = 4
WEEK = timedelta(days=7)
NAME = re.compile(r"_(\d{4})w(\d{2})$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Partition:
    """One week of a table."""

    table: str
    """The whole one."""
    name: str
    since: datetime
    """Monday, 00:00 UTC."""

    @property
    def until(self) -> datetime:
        return self.since + WEEK


def partitions(table: str) -> list[Partition]:
    """Those that a table has, oldest first, without its default one."""
    names = _column("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", table)
    found = [
        Partition(table=table, name=name, since=_monday(int(week[1]), int(week[2])))
        for name in names
        if (week := NAME.search(name))
    ]
    return sorted(found, key=lambda each: each.since)


def extend(table: str) -> int:
    """Make the partitions of this week and the next ones. Returns how many were missing."""
    return patiently(lambda: int(_column("SELECT extend_partitions(%s, %s)", table, WEEKS_AHEAD)[0]))


def strays(table: str) -> Mapping[datetime, int]:
    """How many rows the default partition has, by the Monday of their week."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_trunc('week', created_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC', count(*)"  # noqa: S608
            f" FROM {table}_rest GROUP BY 1 ORDER BY 1"
        )
        return dict(cursor.fetchall())


def make(table: str, monday: datetime) -> None:
    """Make the partition of a week, and move into it what the default one has of it."""
    patiently(lambda: _column("SELECT make_partition(%s, %s)", table, monday))


def size(partition: Partition) -> int:
    """Bytes, with its indexes."""
    return int(_column("SELECT pg_total_relation_size(%s::regclass)", partition.name)[0])


def count(partition: Partition, held: Sequence[int]) -> tuple[int, int]:
    """How many rows of it belong to others, and how many to the accounts that are `held`."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), count(*) FILTER (WHERE account_id = ANY (%s)) FROM {partition.name}",  # noqa: S608
            [list(held)],
        )
        every, theirs = cursor.fetchone()
        return every - theirs, theirs


def drop(
    partition: Partition, held_accounts: Callable[[], Sequence[int]], before: Callable[[], None]
) -> tuple[int, int, int]:
    """Take it out of its table and drop it; rows of accounts that are held stay, in a smaller one of the same name. Returns how
    many rows are gone, how many stay, and how many bytes the disk has back. `before` sees the partition as it was, in the same
    transaction, while nobody writes to it.

    Raises OperationalError where somebody reads the table without end.
    """
    with transaction.atomic():
        patiently(partial(_run, f"LOCK TABLE {partition.name} IN SHARE ROW EXCLUSIVE MODE"))
        held = held_accounts()
        gone, stays = count(partition, held)
        freed = size(partition)
        before()
        if stays:
            _copy_held(partition, held)
        patiently(partial(_swap, partition, bool(stays)))
        return gone, stays, max(0, freed - size(partition)) if stays else freed


def _copy_held(partition: Partition, held: Sequence[int]) -> None:
    spare = _spare(partition)
    _run(f"CREATE TABLE {spare} (LIKE {partition.table} INCLUDING ALL)")
    _run(f"INSERT INTO {spare} SELECT * FROM {partition.name} WHERE account_id = ANY (%s)", list(held))  # noqa: S608
    # Known to fit, it is attached without being read while the whole table is locked.
    _run(
        f"ALTER TABLE {spare} ADD CONSTRAINT of_its_week CHECK (created_at IS NOT NULL"
        f" AND created_at >= '{partition.since}' AND created_at < '{partition.until}')"
    )


def _swap(partition: Partition, has_spare: bool) -> None:
    """All that the whole table is locked for."""
    _run(f"ALTER TABLE {partition.table} DETACH PARTITION {partition.name}")
    _run(f"DROP TABLE {partition.name}")
    if has_spare:
        _run(f"ALTER TABLE {_spare(partition)} RENAME TO {partition.name}")
        bounds = f"FROM ('{partition.since}') TO ('{partition.until}')"
        _run(f"ALTER TABLE {partition.table} ATTACH PARTITION {partition.name} FOR VALUES {bounds}")
        _run(f"ALTER TABLE {partition.name} DROP CONSTRAINT of_its_week")
        _column("SELECT protect_partition(%s, %s)", partition.table, partition.name)


def patiently(work: Callable[[], Value]) -> Value:
    """Do it in a transaction that waits for a lock for a moment, and again where somebody has it. Raises OperationalError."""
    for left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                _column("SELECT set_config('lock_timeout', %s, true)", f"{LOCK_WAIT_MS}ms")
                return work()
        except OperationalError as problem:
            if not left or not isinstance(problem.__cause__, LockNotAvailable | DeadlockDetected):
                raise
            time.sleep(PAUSE_S)
    raise AssertionError("The last try returns or raises.")


def monday_of(moment: datetime) -> datetime:
    """When its week began."""
    year, week, _ = moment.astimezone(UTC).isocalendar()
    return _monday(year, week)


def _spare(partition: Partition) -> str:
    return f"{partition.name}_held"


def _monday(year: int, week: int) -> datetime:
    return datetime.fromisocalendar(year, week, 1).replace(tzinfo=UTC)


def _run(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _column(query: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return [row[0] for row in cursor.fetchall()]
