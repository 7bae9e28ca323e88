"""Every table that belongs to somebody has its policies, and they hold for raw SQL of the application's own role."""

from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.db import DatabaseError, connection, transaction

from analytics import tasks
from routerhub.gateway.snapshots.snapshots import database_dsn
from routerhub.tenancy.owners import EXEMPT, OWNING_COLUMNS
from routerhub.tenancy.scope import NOBODY, Scope, of_key, within
from tests.cast import Cast, Member
from tests.tenancy import tables

WITH_OWNERS = """
    SELECT c.relname, bool_and(c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
        SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'owner'))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND a.attname = ANY (%s)
    GROUP BY c.relname
"""
OWNERS = """
    SELECT polrelid::regclass::text, obj_description(p.oid, 'pg_policy')
    FROM pg_policy p JOIN pg_class c ON c.oid = polrelid WHERE polname = 'owner' AND NOT relispartition
"""
POLICIES = "SELECT tablename, policyname, cmd, qual FROM pg_policies WHERE tablename ~ '^analytics_record'"


def rows(query: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def scope(member: Member) -> Scope:
    return of_key(member.account.pk, member.user.pk)


@pytest.mark.django_db
def test_every_table_that_belongs_to_somebody_has_a_policy_or_a_reason_why_not() -> None:
    found = dict(rows(WITH_OWNERS, list(OWNING_COLUMNS)))
    assert len(found) > 20
    bare = {name for name, is_protected in found.items() if not is_protected}
    assert bare == EXEMPT.keys(), "say `owned_by` at the model and `protected` in a migration, or why not in EXEMPT"


@pytest.mark.django_db
def test_the_policies_are_those_that_the_models_say() -> None:
    said = {}
    for model in apps.get_models(include_auto_created=True):
        owner = getattr(getattr(model, "instance_type", model), "owned_by", None)
        if owner is not None:
            said[model._meta.db_table] = owner.name
    assert dict(rows(OWNERS)) == said


@pytest.mark.django_db
def test_partitions_have_the_policies_of_their_table_also_those_that_are_made_later() -> None:
    rows("SELECT extend_partitions('analytics_record', 7)")
    found: dict[str, set[Any]] = {}
    for table, *policy in rows(POLICIES):
        found.setdefault(table, set()).add(tuple(policy))
    partitions = {name for (name,) in rows("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'analytics_record'::regclass")}  # fmt: skip  # noqa: E501
    assert len(partitions) >= 9
    assert partitions | {"analytics_record"} == found.keys()
    assert all(policies == found["analytics_record"] for policies in found.values())
    assert tasks.extend_partitions() == 0


@pytest.mark.django_db
def test_the_applications_role_is_an_ordinary_one_here_too() -> None:
    row = rows("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
    assert row == [(False, False)]
    assert run_checks(databases=["default"], tags=["database"]) == []


def test_in_every_table_cy_sees_and_changes_nothing_of_adas(cast: Cast) -> None:
    with transaction.atomic():
        ada, cy, whose = scope(cast.ada), scope(cast.cy), tables.ids(cast.ada)
        names = tables.protected()
        before = {}
        for name in names:
            with within(cy):
                before[name] = tables.count(name)
            with within(ada):
                if not tables.count(name):
                    with within(Scope(is_system=True)):
                        tables.add(name, whose)
                assert tables.count(name) > 0, name
        for name in names:
            with within(cy):
                assert tables.count(name) == before[name], name
            with within(NOBODY):
                assert tables.count(name) == 0, name
        transaction.set_rollback(True)


@pytest.mark.parametrize("table", ["budgets_hold", "analytics_record", "storage_item", "autorouter_preferences"])
def test_cy_writes_nothing_of_adas(cast: Cast, table: str) -> None:
    with transaction.atomic():
        tables.add(table, tables.ids(cast.ada))
        with within(scope(cast.cy)):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                tables.add(
                    table, tables.Ids(account_id=cast.ada.account.pk, user_id=cast.ben.user.pk, key_id=1, limit_id=1)
                )
            column = "user_id" if table == "autorouter_preferences" else "account_id"
            for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):  # noqa: S608
                with connection.cursor() as cursor:
                    cursor.execute(statement)
                    assert cursor.rowcount == 0
        assert tables.count(table) == 1
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_says_nothing_sees_nothing(cast: Cast) -> None:
    whose = tables.ids(cast.ada)
    with psycopg.connect(database_dsn(), autocommit=True) as raw:
        for name in tables.protected():
            row = raw.execute(f"SELECT count(*) FROM {name}".encode()).fetchone()  # noqa: S608
            assert row == (0,), name
        raw.execute("SELECT set_config('routerhub.accounts', %s, false)", [f"{{{whose.account_id}}}"])
        assert raw.execute("SELECT slug FROM budgets_account").fetchall() == [("acme",)]
        raw.execute("SELECT set_config('routerhub.accounts', '', false)")
        assert raw.execute("SELECT slug FROM budgets_account").fetchall() == []
