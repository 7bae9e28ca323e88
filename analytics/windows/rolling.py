"""Rolling up: from a watermark on the transactions that wrote records, cell by cell. See docs/windows.md.

A cell is a quarter of an hour of an account. Whatever was written into it, it is counted anew from its records: so it does not
matter how often, in what order or how late.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.timezone import now

from analytics.models import Touched, Watermark
from analytics.windows import baselines, statements
from analytics.windows.steps import FIVE_MINUTES_KEPT

MAX_RECORDS, MAX_CELLS = 50_000, 20_000
"""About so many are counted in one transaction: this bounds memory, and what is lost when it is killed."""
ALONE = "SELECT pg_try_advisory_xact_lock(hashtext('analytics.windows'))"
HORIZON = "SELECT transaction_horizon(), pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() AS s"
TOUCH = """
    INSERT INTO analytics_touched AS known (account_id, quarter, since_transaction, may_shrink, records)
    SELECT r.account_id, date_bin('15 minutes', r.created_at, 'epoch') AS quarter, %(since)s, {may_shrink}, count(*)
    FROM {rows} GROUP BY r.account_id, quarter
    ON CONFLICT (quarter, account_id) DO UPDATE SET
        records = known.records + excluded.records, may_shrink = known.may_shrink OR excluded.may_shrink
"""
WRITTEN = "written_in >= %(since)s::text::xid8 AND {0}.written_in < %(until)s::text::xid8"
RECORDS = f"analytics_record r WHERE r.{WRITTEN.format('r')}"
FEEDBACK = (
    f"analytics_feedback f JOIN analytics_record r ON r.operation_id = f.operation_id WHERE f.{WRITTEN.format('f')}"
)
CAME_IN = """
    r.created_at >= %(first)s::timestamptz AND r.created_at < %(last)s::timestamptz
    AND (%(accounts)s::bigint[] IS NULL OR r.account_id = ANY (%(accounts)s::bigint[]))
"""
THERE = f"analytics_record r WHERE {CAME_IN}"
COUNTED = f"(SELECT account_id, start AS created_at FROM analytics_cross WHERE grain = 15) AS r WHERE {CAME_IN}"  # noqa: S608


def roll_up() -> int:
    """Count what was written since the last time, as far as no transaction that is still open may write more of it. Returns how
    many cells were counted."""
    _touch_new()
    counted = _count_touched()
    with _alone() as cursor:
        if cursor:
            for statement in statements.FORGET_OLD:
                cursor.execute(statement, [now() - FIVE_MINUTES_KEPT])
    return counted


def recompute(
    since: datetime, until: datetime, accounts: Collection[int] | None = None, may_shrink: bool = False
) -> int:
    """Count again the cells of what came in within a range, of some accounts or all. Returns how many they are. Cells of which
    fewer records are there than were counted keep their figures, unless they may shrink: then what is there is what counts."""
    values = {"first": since, "last": until, "accounts": None if accounts is None else sorted(accounts)}
    with _alone() as cursor:
        if cursor:
            mark = _watermark()
            for rows in (THERE, COUNTED) if may_shrink else (THERE,):
                _touch(cursor, rows, may_shrink, **values, since=mark.until_transaction)
    return _count_touched()


def is_counted(until: datetime) -> bool:
    """Whether what came in before a moment is counted, so that its records may go; also where nothing ever was rolled up."""
    mark = Watermark.objects.first()
    return mark is None or (mark.as_of >= until and not Touched.objects.filter(quarter__lt=until).exists())


@contextmanager
def _alone() -> Iterator[CursorWrapper | None]:
    """A transaction in which nobody else rolls up; nothing to work with where somebody does."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ALONE)
        yield cursor if cursor.fetchone()[0] else None


def _watermark() -> Watermark:
    return Watermark.objects.get_or_create()[0]


def _touch_new() -> None:
    """Note the cells of what was written, and that it was seen, in one transaction."""
    with _alone() as cursor:
        if cursor is None:
            return
        moment = now()
        cursor.execute(HORIZON)
        horizon, following = cursor.fetchone()
        mark = _watermark()
        values = {"since": mark.until_transaction, "until": horizon}
        if horizon < mark.until_transaction:
            # Copied into another server, which numbers its transactions anew: what is there is counted once more.
            _touch(cursor, THERE, first="-infinity", last="infinity", accounts=None, **values)
        for rows in (RECORDS, FEEDBACK):
            _touch(cursor, rows, **values)
        _move(mark, moment, horizon, following)


def _move(mark: Watermark, moment: datetime, horizon: int, following: int) -> None:
    """All that was written by the moment was seen if no transaction was open; what was by an earlier one if none of then is."""
    mark.until_transaction = horizon
    is_passed = mark.next_transaction <= horizon
    if horizon >= following:
        mark.seen_at = moment
    elif is_passed:
        mark.seen_at = mark.next_at
    if is_passed:
        mark.next_transaction, mark.next_at = following, moment
    _save(mark)


def _save(mark: Watermark) -> None:
    """What was seen is counted when nothing is left to count."""
    if not Touched.objects.exists():
        mark.as_of = mark.seen_at
    mark.save()


def _touch(cursor: CursorWrapper, rows: str, may_shrink: bool = False, **values: Any) -> None:
    cursor.execute(TOUCH.format(rows=rows, may_shrink=may_shrink), values)


def _count_touched() -> int:
    counted = 0
    while piece := _count_some():
        counted += piece
    return counted


def _count_some() -> int:
    """The first touched cells, in a transaction of their own. Returns how many they are."""
    with _alone() as cursor:
        if cursor is None or not Touched.objects.exists():
            return 0
        mark = _watermark()
        cursor.execute(statements.PLANNED)
        cursor.execute(statements.FORGET)
        cursor.execute(statements.TAKE, {"max_cells": MAX_CELLS, "max_records": MAX_RECORDS})
        cursor.execute(statements.RELEASES)
        baselines.ensure(cursor.fetchall())
        _count(cursor, mark.until_transaction)
        cursor.execute(statements.DONE)
        counted: int = cursor.rowcount
        _save(mark)
        return counted


def _count(cursor: CursorWrapper, watermark: int) -> None:
    """Put what the records of the cells come to in the place of what was there."""
    cursor.execute("ANALYZE cells")
    cursor.execute(statements.LOOK)
    bounds = dict(zip(("day", "first", "last"), cursor.fetchone(), strict=True))
    cursor.execute(statements.FRESH)
    cursor.execute(statements.SHORT, bounds)
    is_short = cursor.rowcount > 0
    if is_short:
        cursor.execute(statements.ONLY_NEW, {"watermark": watermark})
    is_recent = bounds["last"] > now() - FIVE_MINUTES_KEPT
    for statement in statements.of_cells(is_short, is_recent):
        cursor.execute(statement, bounds)
