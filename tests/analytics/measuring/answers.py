"""Answers to measure. Within a test's one transaction every call stands for one of its own that has ended."""

from typing import Any

from django.db import connection

from tests.analytics.rows import insert_many

HORIZON = "SELECT coalesce(max(written_in::text::bigint), 0) + 1 FROM analytics_record"
WRITTEN = """
    UPDATE analytics_record SET written_in = (
        SELECT (coalesce(max(written_in::text::bigint), 0) + 1)::text::xid8 FROM analytics_record
        WHERE written_in <> pg_current_xact_id()
    ) WHERE written_in = pg_current_xact_id()
"""


def answers(count: int = 5, **columns: Any) -> None:
    """So many equal records, written now."""
    values = {"model": "a:b", "latency_ms": 1_000, "output_tokens": 100, "is_sandbox": False, **columns}
    insert_many(count, **values)
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN)


def attempt(deployment: str, error: str = "", **more: Any) -> dict[str, Any]:
    """One call of a deployment of a:b, as a record keeps it."""
    return {"deployment": deployment, "model": "a:b", "status": None if error else 200, "error": error, **more}
