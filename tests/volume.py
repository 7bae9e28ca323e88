"""A site that has been in use for a month, written by the database itself: so many requests, and as many rows of each
other table that grows with them."""

from django.db import connection, models
from psycopg import sql

from analytics.models import Feedback, Record
from autorouter.models import Session
from budgets.models import Counter, LedgerEntry, Limit

RECORDS = 28_000
NEWEST = "CASE WHEN extract(isodow FROM now()) < 4 THEN date_trunc('week', now(), 'UTC') ELSE now() END"
"""At the end of last week while this one is young: of the few rows of a new partition the database needs no index."""
AT = f"{NEWEST} - n * interval '90 seconds'"
OPERATION = "md5(n::text)::uuid"
DECISION = """(
    SELECT jsonb_build_object('candidates', jsonb_agg(repeat(md5((n * i)::text), 6))) FROM generate_series(1, 20) AS i
)"""
FILLER = {
    models.CharField: "''", models.TextField: "''", models.BooleanField: "false", models.IntegerField: "n % 1009",
    models.DateTimeField: AT, models.JSONField: "'[]'", models.DecimalField: "0.5", models.UUIDField: OPERATION,
}  # fmt: skip
"""What stands in a column, by its kind: every row is the one of request `n`."""
VALUES: dict[type[models.Model], dict[str, str]] = {
    Record: {
        "account_id": "1 + n % 7",
        "model": "(ARRAY['openai:gpt-5', 'openai:gpt-5-mini', 'google:gemini-2.5-pro'])[1 + n % 3]",
        "provider": "(ARRAY['openai', 'openrouter'])[1 + n % 2]",
        "category": "(ARRAY['coding', 'reasoning', 'conversation', 'factual'])[1 + n % 4]",
        "complexity": "(ARRAY['simple', 'moderate', 'complex'])[1 + n % 3]",
        "session": "'session ' || n / 4",
        "outcome": "(ARRAY['success', 'success', 'success', 'success', 'failure'])[1 + n % 5]",
        "decision": DECISION,
    },
    LedgerEntry: {"kind": "'charge'", "outcome": "'success'"},
    Counter: {"limit_id": "(SELECT max(id) FROM budgets_limit)"},
    Session: {"name": "'session ' || n", "last_activity_at": "now() - n * interval '2 seconds'"},
    Feedback: {},
    Limit.history.model: {"history_type": "'~'", "kind": "'account'"},
}  # fmt: skip


def fill(records: int = RECORDS) -> None:
    Limit.objects.create(kind="site", measure="money", period="minute", amount=10**12)
    for table, values in VALUES.items():
        _fill(table, values, records)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def fill_records(records: int) -> None:
    """Of requests alone, without what was decided."""
    _fill(Record, {**VALUES[Record], "decision": "'{}'"}, records)


def _fill(table: type[models.Model], values: dict[str, str], records: int) -> None:
    columns = {
        str(field.column): values.get(str(field.column)) or _filler(field)
        for field in table._meta.concrete_fields
        if not field.null and not isinstance(field, models.AutoField)
    }
    query = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM generate_series(1, {}) AS n").format(
        sql.Identifier(table._meta.db_table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ".join(columns.values())),
        sql.Literal(records),
    )
    with connection.cursor() as cursor:
        cursor.execute(query)


def _filler(field: "models.Field[object, object]") -> str:
    return next((text for kind, text in FILLER.items() if isinstance(field, kind)), "'{}'")
