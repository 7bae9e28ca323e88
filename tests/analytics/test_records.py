from dataclasses import fields
from datetime import UTC, datetime

import pytest
from django.db import connection

from analytics.models import Record
from analytics.types import AnswerFacts, RequestFacts
from tests.analytics.rows import insert


@pytest.mark.parametrize(
    ("facts", "type_name"), [(RequestFacts, "analytics_request"), (AnswerFacts, "analytics_answer")]
)
def test_the_halves_of_a_record_have_the_columns_of_their_types(db: None, facts: type, type_name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = %s::regclass",
            [type_name],
        )
        assert cursor.fetchone()[0] == [field.name for field in fields(facts)]


def test_the_halves_are_together_what_a_record_says() -> None:
    """Whose limits count it stands in the ledger. What was told from outside is marked when it is told."""
    names = {field.name for facts in (RequestFacts, AnswerFacts) for field in fields(facts)}
    assert names - {"scopes"} | {"is_reported"} == {field.column for field in Record._meta.concrete_fields}


def test_every_fact_arrives_in_its_own_column(db: None) -> None:
    """Every value another one, so that no two can have changed places."""
    facts = {
        "created_at": datetime(2026, 11, 29, 12, 30, tzinfo=UTC), "account_id": 1, "key_id": 2, "user_id": 3,
        "requested_model": "auto", "policy": "code", "task_type": "fix_bug", "category": "coding",
        "complexity": "complex", "priority": "speed", "session": "s1", "tags": ("a", "b"), "is_stream": True,
        "cost_estimated_nano": 4, "catalogue_release": 5, "router_release": 6, "ip": "2001:db8::7",
        "user_agent": "curl/8", "model": "p:m", "provider": "p", "is_sandbox": True, "outcome": "failure",
        "error": "upstream_error: no", "http_status": 502, "latency_ms": 8, "ttft_ms": 9, "input_tokens": 10,
        "output_tokens": 11, "cache_read_tokens": 12, "cache_write_tokens": 13, "reasoning_tokens": 14,
        "is_usage_estimated": True, "cost_nano": 15, "saved_nano": 16, "reported_cost_nano": 17,
        "is_cost_disputed": True, "fallback_used": True, "task_id": "t1", "worker": "w1",
        "deployment": "p/m", "error_kind": "upstream_error", "experiment": 17,
        "phase": 18, "variant": "b", "unit": "user 3", "propensity": 0.5,
        "confidence": 0.25, "second": "analysis", "read_by": "encoder",
    }  # fmt: skip
    made = Record.objects.get(operation_id=insert(**facts, decision={"why": 1}, attempts=[{"status": 502}]))
    assert {name: getattr(made, name) for name in facts} == {**facts, "tags": ["a", "b"]}
    assert (made.decision, made.attempts) == ({"why": 1}, [{"status": 502}])


def test_an_upstreams_text_is_made_storable(db: None) -> None:
    made = insert(error="a\0b\ud800c", attempts=[{"error": "x\0y"}])
    record = Record.objects.get(operation_id=made)
    assert (record.error, record.attempts) == ("a\ufffdb?c", [{"error": "x\ufffdy"}])


def test_the_table_in_the_database_has_the_models_columns(db: None) -> None:
    with connection.cursor() as cursor:
        columns = [column.name for column in connection.introspection.get_table_description(cursor, "analytics_record")]
    fields = [str(field.column) for field in Record._meta.concrete_fields]
    assert sorted(columns) == sorted([*fields, "written_in"])
