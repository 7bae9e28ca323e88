"""Rolling up: from a watermark on the transactions that wrote records, cell by cell. See docs/windows.md.

A cell is a quarter of an hour of an account. Whatever was written into it, it is counted anew from its records: so it does not
matter how often, in what order or how late.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.timezone import now

from analytics.models import Touched, Watermark
from analytics.windows import baselines, statements

MAX_RECORDS, MAX_CELLS = 50_000, 2_000
"""About so many are counted in one transaction: this bounds memory, and what is lost when it is killed."""
ALONE = "SELECT pg_try_advisory_xact_lock(hashtext('analytics.windows'))"
HORIZON = "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() AS s"
TOUCH = """
    INSERT INTO analytics_touched AS known (account_id, quarter, since_transaction, records)
    SELECT r.account_id, date_bin('15 minutes', r.created_at, 'epoch') AS quarter, %(since)s, count(*)
    FROM {rows} GROUP BY r.account_id, quarter
    ON CONFLICT (quarter, account_id) DO UPDATE SET records = known.records + excluded.records
"""
WRITTEN = "w.written_in >= %(since)s::text::xid8 AND w.written_in < %(until)s::text::xid8"
RECORDS = f"analytics_record r WHERE {WRITTEN.replace('w.', 'r.')}"
FEEDBACK = f"analytics_feedback w JOIN analytics_record r ON r.operation_id = w.operation_id WHERE {WRITTEN}"
CREATED = "analytics_record r WHERE r.created_at >= %(from)s AND r.created_at < %(to)s"


def roll_up() -> int:
    """Count what was written since the last time, as far as no transaction that is still open may write more of it. Returns how
    many cells were counted."""
    _touch_new()
    return _count_touched()


def recompute(since: datetime, until: datetime) -> int:
    """Count again all cells of the records that came in within a range. Returns how many they are. Cells whose records are not
    all there any more keep their figures."""
    with _alone() as cursor:
        if cursor:
            _touch(cursor, CREATED, since=_watermark().until_transaction, **{"from": since, "to": until})
    return _count_touched()


@contextmanager
def _alone() -> Iterator[CursorWrapper | None]:
    """A transaction in which nobody else rolls up; nothing to work with where somebody does."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ALONE)
        yield cursor if cursor.fetchone()[0] else None


def _watermark() -> Watermark:
    return Watermark.objects.get_or_create(defaults={"as_of": now(), "next_transaction": 0, "next_at": now()})[0]


def _touch_new() -> None:
    """Note the cells of what was written, and that it was seen, in one transaction."""
    with _alone() as cursor:
        if cursor is None:
            return
        moment, mark = now(), _watermark()
        cursor.execute(HORIZON)
        horizon, following = cursor.fetchone()
        for rows in (RECORDS, FEEDBACK):
            _touch(cursor, rows, since=mark.until_transaction, until=horizon)
        mark.until_transaction = horizon
        if horizon == following:
            mark.as_of = moment
        elif mark.next_transaction <= horizon:
            mark.as_of = mark.next_at
        if mark.next_transaction <= horizon:
            mark.next_transaction, mark.next_at = following, moment
        mark.save()


def _touch(cursor: CursorWrapper, rows: str, **values: Any) -> None:
    cursor.execute(TOUCH.format(rows=rows), values)


def _count_touched() -> int:
    counted = 0
    while piece := _count_some():
        counted += piece
    return counted


def _count_some() -> int:
    """The first touched cells, in a transaction of their own."""
    with _alone() as cursor:
        if cursor is None or not Touched.objects.exists():
            return 0
        for name in ("cells", "fresh", "crossed", "windowed"):
            cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
        cursor.execute(statements.PLANNED)
        cursor.execute(statements.TAKE, {"max_cells": MAX_CELLS, "max_records": MAX_RECORDS})
        cursor.execute(statements.RELEASES)
        baselines.ensure(cursor.fetchall())
        cursor.execute(statements.FRESH)
        cursor.execute(statements.SHORT)
        is_short = cursor.rowcount > 0
        if is_short:
            cursor.execute(statements.ONLY_NEW, {"watermark": _watermark().until_transaction})
        for statement in _of(is_short):
            cursor.execute(statement)
        cursor.execute(statements.DONE)
        return cursor.rowcount


def _of(is_short: bool) -> Iterator[str]:
    yield from (statements.CROSSED, statements.WINDOWED, statements.QUARTERS)
    yield from statements.of_accounts(is_short)
    yield from statements.of_site()
    yield from statements.of_longer_stretches()
