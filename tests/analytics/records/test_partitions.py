"""Weeks of records: made ahead, and found again where somebody did not."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from analytics.models import Record
from analytics.records import partitions
from analytics.tasks import extend_partitions
from budgets.models import Alert
from tests.analytics.rows import insert, insert_many

TABLE = "analytics_record"
OLD = datetime(2020, 12, 31, 12, tzinfo=UTC)
"""A Thursday, in the last week of its year."""


def partition_of(operation_id: uuid.UUID) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM analytics_record WHERE operation_id = %s", [operation_id])
        return str(cursor.fetchone()[0])


def test_a_record_goes_to_the_partition_of_its_week(db: None) -> None:
    year, week, _ = datetime.now(UTC).isocalendar()
    assert partition_of(insert()) == f"analytics_record_{year}w{week:02}"


def test_weeks_are_made_ahead_and_none_twice(db: None) -> None:
    extend_partitions()  # the database may be from last week
    assert extend_partitions() == 0
    now = datetime.now(UTC)
    made = [week for week in partitions.partitions(TABLE) if week.until > now]
    assert made[-1].since - made[0].since == timedelta(weeks=partitions.WEEKS_AHEAD)
    assert made[0].since <= now


def test_rows_without_a_partition_are_kept_moved_into_their_own_and_told_of_once(db: None) -> None:
    stray, *_ = insert_many(3, created_at=OLD)
    assert partition_of(stray) == "analytics_record_rest"
    before = Record.objects.get(operation_id=stray)
    for _ in range(2):
        extend_partitions()
        assert partition_of(stray) == "analytics_record_2020w53"
        alert = Alert.objects.get(subject="partitions:analytics_record")
        assert alert.title.startswith(
            "3 rows of analytics_record had no partition, in weeks from 2020-12-28 to 2020-12-28"
        )
    assert partitions.strays(TABLE) == {}
    assert Record.objects.get(operation_id=stray).__dict__.keys() == before.__dict__.keys()
    assert partitions.partitions(TABLE)[0] == partitions.Partition(
        table=TABLE, name="analytics_record_2020w53", since=datetime(2020, 12, 28, tzinfo=UTC)
    )


@pytest.mark.parametrize("table", [TABLE])
def test_a_partition_has_every_index_of_its_table(db: None, table: str) -> None:
    """Those that are attached do not get them by themselves."""
    partitions.make(table, partitions.monday_of(OLD))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_index i JOIN pg_inherits h ON h.inhrelid = i.indexrelid"
            " WHERE i.indrelid = %s::regclass", [f"{table}_2020w53"],
        )  # fmt: skip
        attached = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM pg_index WHERE indrelid = %s::regclass", [table])
        assert attached == cursor.fetchone()[0] == 7
