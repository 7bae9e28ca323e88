"""How the tables are emptied after a test that commits: those alone that hold a row.

Django's flush truncates all of them and makes content types and permissions anew, a fifth of a second each time; hardly a test
writes to ten tables.
"""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import connections
from django.test import TransactionTestCase

KEPT = ("django_migrations", "django_content_type", "auth_permission")
"""What belongs to the schema."""
FINAL = ("budgets_ledgerentry", "budgets_billingrecord", "budgets_billingline", "budgets_billedentry")
"""What no statement deletes from. To be truncated, their trigger is taken away first, by `prepare`."""
EMPTY = """
    DO $$
    DECLARE
        name text;
        is_used boolean;
    BEGIN
        SET CONSTRAINTS ALL DEFERRED;
        FOREACH name IN ARRAY {tables} LOOP
            EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO is_used;
            CONTINUE WHEN NOT is_used;
            EXECUTE format(CASE WHEN name = ANY ({final}) THEN 'TRUNCATE %I CASCADE' ELSE 'DELETE FROM %I' END, name);
        END LOOP;
    END
    $$
"""


def prepare(cursor: Any) -> None:
    """Let the books be emptied, but between tests alone: by whoever owns their tables. And empty them so from here on."""
    for table in FINAL:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER never_emptied")
    TransactionTestCase._fixture_teardown = _empty  # type: ignore[attr-defined]


def _empty(case: Any) -> None:
    for name in case._databases_names(include_mirrors=False):
        connection = connections[name]
        there = set(connection.introspection.table_names())
        tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
        with connection.cursor() as cursor:
            cursor.execute(EMPTY.format(tables=_array(tables & there - set(KEPT)), final=_array(FINAL)))


def _array(names: Iterable[str]) -> str:
    return f"'{{{', '.join(names)}}}'::text[]"
