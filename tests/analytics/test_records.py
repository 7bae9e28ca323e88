import uuid
from dataclasses import fields
from datetime import UTC, datetime

from django.db import connection
from django.utils import timezone

from analytics.models import Record
from analytics.tasks import extend_partitions
from analytics.types import Record as RecordValue
from tests.analytics.rows import insert


def test_the_value_and_the_table_have_the_same_fields() -> None:
    assert [field.name for field in fields(RecordValue)] == [field.column for field in Record._meta.concrete_fields]


def test_the_table_in_the_database_has_the_models_columns(db: None) -> None:
    with connection.cursor() as cursor:
        columns = [column.name for column in connection.introspection.get_table_description(cursor, "analytics_record")]
    assert columns == [field.column for field in Record._meta.concrete_fields]


def partition_of(operation_id: uuid.UUID) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM analytics_record WHERE operation_id = %s", [operation_id])
        return str(cursor.fetchone()[0])


def test_a_record_goes_to_the_partition_of_its_month(db: None) -> None:
    assert partition_of(insert()) == f"analytics_record_{timezone.now():%Y_%m}"


def test_a_record_of_a_month_without_partition_is_not_lost(db: None) -> None:
    old = insert(created_at=datetime(2020, 5, 1, tzinfo=UTC).isoformat())
    assert partition_of(old) == "analytics_record_rest"


def test_extending_partitions_twice_makes_none_twice(db: None) -> None:
    assert extend_partitions() == 0
