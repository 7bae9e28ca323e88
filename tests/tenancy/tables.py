"""The tables that belong to somebody, as the database has them; and a row of somebody's in each."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from budgets.models import Limit
from routerhub.tenancy.owners import OWNING_COLUMNS
from tests.cast import Member

PROTECTED = """
    SELECT relname FROM pg_class WHERE relrowsecurity AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname
"""
NEEDED = """
    SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND NOT atthasdef AND attidentity = ''
      AND (attnotnull OR attname = ANY (%s))
"""
BY_TYPE = {
    "bigint": 7, "integer": 7, "smallint": 7, "numeric": 0, "boolean": False, "uuid": "00000000-0000-0000-0000-00000000000a",
    "timestamp with time zone": "2026-11-01T00:00Z", "date": "2026-11-01", "jsonb": "{}", "bytea": b"", "inet": "127.0.0.1",
    "bigint[]": [], "uuid[]": [], "text[]": [], "character varying[]": [], "double precision": 0,
}  # fmt: skip
"""What stands in a column that must have something, by its type; of a text, x."""
SPECIAL = {
    "budgets_ledgerentry.kind": "charge", "analytics_window.grain": 15, "analytics_cross.grain": 15,
    "autorouter_preferences.account_id": None,
}  # fmt: skip
"""What its checks ask for."""


@dataclass(frozen=True, kw_only=True)
class Ids:
    """Whose a row is to be."""

    account_id: int
    user_id: int
    key_id: int
    limit_id: int


def protected() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(PROTECTED)
        return [name for (name,) in cursor.fetchall()]


def count(table: str) -> int:
    """How many rows of a table are seen."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
        return int(cursor.fetchone()[0])


def ids(member: Member) -> Ids:
    limit = Limit.objects.create(kind="account", subject=str(member.account.pk), period="total", amount=5)
    return Ids(account_id=member.account.pk, user_id=member.user.pk, key_id=member.key.pk, limit_id=limit.pk)


def add(table: str, whose: Ids) -> None:
    """One row of somebody's, with no sense in it but that."""
    with connection.cursor() as cursor:
        cursor.execute(NEEDED, [table, list(OWNING_COLUMNS)])
        kinds = dict(cursor.fetchall())
        places = [_place(kind) for kind in kinds.values()]
        values = [_value(table, name, kind, whose) for name, kind in kinds.items() if _place(kind) == "%s"]
        names = ", ".join(f'"{each}"' for each in kinds)
        cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join(places)})", values)  # noqa: S608


def _place(kind: str) -> str:
    """A composite value has its fields empty."""
    return f"json_populate_record(NULL::{kind}, '{{}}')" if kind.startswith(("analytics_", "budget_")) else "%s"


def _value(table: str, column: str, kind: str, whose: Ids) -> Any:
    place = f"{table}.{column}"
    return SPECIAL[place] if place in SPECIAL else getattr(whose, column, BY_TYPE.get(kind, "x"))
