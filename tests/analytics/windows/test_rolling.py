"""Rolling up by the transaction that wrote a record: whoever is slow, late or killed, each record is counted once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from analytics.models import Feedback, Touched, Watermark
from analytics.records.partitions import Partition
from analytics.records.retention import NotYet
from analytics.windows import rolling, sketches, statements
from analytics.windows.keeping import keep_uncounted
from analytics.windows.reading import ask
from analytics.windows.types import Answer, Figures, Question
from routerhub.gateway.snapshots.snapshots import database_dsn
from tests.analytics.rows import insert, insert_many

pytestmark = pytest.mark.django_db(transaction=True)
DAY = datetime(2026, 11, 27, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)
RANGE = (DAY, DAY + timedelta(days=1))
COPY = """
    INSERT INTO analytics_record
    SELECT (r).* FROM (
        SELECT jsonb_populate_record(r, jsonb_build_object(
            'operation_id', gen_random_uuid(), 'written_in', pg_current_xact_id()::text)) AS r
        FROM analytics_record r LIMIT 1
    ) AS one
"""
ROWS = "SELECT to_jsonb(x) - 'latencies' - 'first_token_times', x.latencies, x.first_token_times FROM {} x"


def asked(**changes: Any) -> Answer:
    return ask(Question(since=RANGE[0], until=RANGE[1], **changes))


def total(**changes: Any) -> Figures:
    (row,) = asked(**changes).rows
    return row.figures


def requests() -> int:
    return sum(row.figures.requests for row in asked().rows)


def rows() -> list[str]:
    """All that is rolled up, as it can be compared: the order of the buckets says nothing."""
    found = []
    with connection.cursor() as cursor:
        for table in ("analytics_window", "analytics_cross"):
            cursor.execute(ROWS.format(table))
            found += [
                f"{row} {[sketches.unpacked(each or ()) for each in packed]}" for row, *packed in cursor.fetchall()
            ]
    return sorted(found)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Tables that Django does not manage it does not empty either."""
    _empty()
    yield
    _empty()


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE analytics_record, analytics_window, analytics_cross")


@pytest.fixture
def slow() -> Iterator[psycopg.Connection[Any]]:
    """A transaction of somebody else's, which takes its time."""
    with psycopg.connect(database_dsn()) as held:
        held.execute("SELECT set_config('routerhub.scope', 'system', false)")
        yield held


def test_what_a_slow_transaction_wrote_is_counted_when_it_ends(slow: psycopg.Connection[Any]) -> None:
    insert(created_at=NOON)
    slow.execute(COPY)
    insert_many(2, created_at=NOON + timedelta(hours=1))
    rolling.roll_up()
    before = asked()
    assert requests() == 1, "those after it wait: a watermark above them would pass it by"
    slow.commit()
    rolling.roll_up()
    assert requests() == 4
    assert asked().as_of > before.as_of
    assert rolling.roll_up() == 0


def test_all_is_known_until_the_last_look_where_nobody_writes() -> None:
    began = datetime.now(UTC)
    assert asked().as_of < began
    rolling.roll_up()
    assert began < asked().as_of < datetime.now(UTC)


def test_late_and_amended_records_and_feedback_are_in() -> None:
    operation = insert(created_at=NOON, outcome="unknown", cost_nano=9)
    rolling.roll_up()
    assert (total().unknown, total().cost_nano) == (1, 9)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE analytics_record SET outcome = 'success', cost_nano = 4, written_in = pg_current_xact_id()"
        )
    insert(created_at=NOON - timedelta(hours=3), cost_nano=1)
    rolling.roll_up()
    assert (total().unknown, total().successes, total().cost_nano, total().rated) == (0, 2, 5, 0)
    said = Feedback.objects.create(operation_id=operation, account_id=1, satisfaction="0.5")
    rolling.roll_up()
    assert (total().rated, total().satisfaction) == (1, 0.5)
    said.satisfaction = "0.75"
    said.save()
    rolling.roll_up()
    assert (total().rated, total().satisfaction) == (1, 0.75)


def test_a_worker_killed_in_the_middle_leaves_the_rest_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolling, "MAX_CELLS", 1)
    for hour in range(3):
        insert_many(2, created_at=NOON + timedelta(hours=hour), tags=("a", "b"), latency_ms=7)
    left = iter([True, False])

    def until_killed(is_short: bool, is_recent: bool) -> Iterator[str]:
        yield from made(is_short, is_recent)
        if not next(left):
            raise KeyboardInterrupt

    made = statements.of_cells
    with monkeypatch.context() as killed:
        killed.setattr(statements, "of_cells", until_killed)
        with pytest.raises(KeyboardInterrupt):
            rolling.roll_up()
    assert (requests(), Touched.objects.count()) == (2, 2)
    assert asked().as_of == Watermark._meta.get_field("as_of").default, "it is not said to be all"
    assert rolling.roll_up() == 2
    assert requests() == 6
    once = rows()
    assert rolling.recompute(*RANGE) == 3
    assert rows() == once


def test_figures_stay_when_their_records_go_and_what_comes_later_is_added() -> None:
    insert_many(3, created_at=NOON, latency_ms=100, cost_nano=5, tags=("a",), outcome="success")
    insert_many(1, created_at=NOON, outcome="failure", error_kind="timeout")
    rolling.roll_up()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM analytics_record")
    insert_many(1, created_at=NOON, latency_ms=200, cost_nano=1, tags=("a", "b"))
    for _ in range(2):
        rolling.roll_up()
        rolling.recompute(*RANGE)
        known = total(distributions=True)
        assert (known.requests, known.cost_nano, known.errors) == (5, 16, {"timeout": 1})
        assert sketches.size(known.latencies) == 4
        assert [(row.group, row.figures.requests) for row in asked(by=("tag",)).rows] == [(("a",), 4), (("b",), 1)]
        assert total(where={"model": ("a:b",), "policy": ("",)}).requests == 5
    rolling.recompute(*RANGE, may_shrink=True)
    assert requests() == 1
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM analytics_record")
    rolling.recompute(*RANGE, accounts=[2], may_shrink=True)
    assert requests() == 1
    rolling.recompute(*RANGE, accounts=[1], may_shrink=True)
    assert rows() == []


def test_records_copied_to_a_server_that_numbers_its_transactions_anew_are_counted_once() -> None:
    insert(created_at=NOON)
    rolling.roll_up()
    Watermark.objects.update(until_transaction=2**40)
    insert(created_at=NOON)
    rolling.roll_up()
    assert requests() == 2
    assert Watermark.objects.get().until_transaction < 2**40


def test_records_go_when_they_are_counted() -> None:
    week = Partition(table="analytics_record", name="analytics_record_2026w48", since=NOON)
    keep_uncounted(week)
    insert(created_at=NOON)
    rolling.roll_up()
    Watermark.objects.update(as_of=week.until)
    keep_uncounted(week)
    Touched.objects.create(account_id=1, quarter=NOON, since_transaction=0, records=1)
    with pytest.raises(NotYet, match="Not all of it is rolled up yet"):
        keep_uncounted(week)
    keep_uncounted(replace(week, table="analytics_body"))


def test_one_rolls_up_at_a_time(slow: psycopg.Connection[Any]) -> None:
    insert(created_at=NOON)
    slow.execute(rolling.ALONE)
    assert rolling.roll_up() == rolling.recompute(*RANGE) == 0
    slow.rollback()
    assert rolling.roll_up() == 1
