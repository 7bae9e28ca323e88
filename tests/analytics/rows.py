"""Request records put straight into the table."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.utils.timezone import now

from analytics.models import Watermark
from analytics.types import AnswerFacts, RequestFacts
from analytics.windows import rolling
from tests.budgets.books import answer, request

ANSWER = {field.name for field in fields(AnswerFacts)}
REQUEST = {field.name for field in fields(RequestFacts)}


def insert(**changes: Any) -> uuid.UUID:
    """One record; returns its operation id."""
    return insert_many(1, **changes)[0]


def insert_many(count: int, **changes: Any) -> list[uuid.UUID]:
    """So many equal records; their operation ids."""
    ids = [uuid.uuid4() for _ in range(count)]
    values = {"created_at": now(), **{name: _column(name, value) for name, value in changes.items()}}
    asked = [request(each, **{name: values[name] for name in REQUEST & values.keys()}).row() for each in ids]
    told = answer(**{name: values[name] for name in ANSWER & values.keys()}).row()
    query = f"SELECT record_many(ARRAY[{_rows(asked)}]::analytics_request[], ARRAY[{_rows([told] * count)}]::analytics_answer[])"
    with connection.cursor() as cursor:
        cursor.execute(query, [_plain(value) for row in (*asked, *[told] * count) for value in row])
    return ids


def _column(name: str, value: Any) -> Any:
    return json.dumps(value, default=str) if name in {"decision", "attempts", "metadata"} else value


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _rows(rows: Sequence[tuple[Any, ...]]) -> str:
    return ", ".join("ROW(" + ", ".join(["%s"] * len(row)) + ")" for row in rows)


def rolled_up() -> None:
    """Roll up all records that are there: those of the test's own transaction too, which the beat would wait for."""
    rolling.recompute(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    Watermark.objects.update(as_of=now())
