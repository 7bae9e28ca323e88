"""A scope is its holder's alone: nothing of it is left for whoever comes next on a connection, in a thread or in a task."""

import asyncio
import threading
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.http import StreamingHttpResponse
from django.test import Client
from psycopg_pool import AsyncConnectionPool

from budgets.models import Account
from routerhub.gateway.snapshots.snapshots import database_dsn
from routerhub.tenancy.pools import in_one_go, in_transaction
from routerhub.tenancy.scope import NOBODY, SYSTEM, Scope, current, of_key, settings_sql, streamed, within
from tests.cast import Cast

SETTINGS = (
    "SELECT current_setting('routerhub.' || name, true) FROM unnest(ARRAY['scope', 'accounts', 'user']) AS n (name)"
)
SLUGS = "SELECT slug FROM budgets_account ORDER BY slug"


def slugs() -> list[str]:
    return [account.slug for account in Account.objects.order_by("slug")]


def left() -> set[str | None]:
    """What is in force on the connection when nobody says anything."""
    with within(NOBODY), connection.cursor() as cursor:
        cursor.execute(SETTINGS)
        return {value or None for (value,) in cursor.fetchall()}


def is_in_transaction() -> bool:
    return connection.in_atomic_block


@pytest.fixture
def ada(cast: Cast) -> Scope:
    return of_key(cast.ada.account.pk, cast.ada.user.pk)


@pytest.fixture
def cy(cast: Cast) -> Scope:
    return of_key(cast.cy.account.pk, cast.cy.user.pk)


def test_scopes_within_one_transaction_follow_one_another(ada: Scope, cy: Scope) -> None:
    with transaction.atomic(), within(NOBODY):
        assert slugs() == []
        with within(ada):
            assert slugs() == ["acme"]
            with within(cy):
                assert slugs() == ["other"]
            with within(SYSTEM):
                assert slugs() == ["acme", "other"]
            assert slugs() == ["acme"]
        assert slugs() == []


def test_neither_a_savepoint_nor_what_fails_in_it_changes_who_asks(ada: Scope, cy: Scope) -> None:
    with transaction.atomic(), within(ada):
        with pytest.raises(DatabaseError), transaction.atomic(), within(cy):  # noqa: PT012
            assert slugs() == ["other"]
            Account.objects.create(slug="other")
        assert slugs() == ["acme"]
        with transaction.atomic(), within(cy):
            assert slugs() == ["other"]
        assert slugs() == ["acme"]
    assert current() == SYSTEM


@pytest.mark.django_db(transaction=True)
def test_outside_of_a_transaction_each_statement_takes_its_settings_along(ada: Scope) -> None:
    with within(ada):
        assert slugs() == ["acme"]
        assert [account.slug for account in Account.objects.iterator(chunk_size=1)] == ["acme"]
        with connection.cursor() as cursor:
            cursor.executemany("UPDATE budgets_account SET name = %s", [("A",), ("B",)])
            with cursor.copy("COPY (SELECT slug, name FROM budgets_account) TO STDOUT") as rows:
                assert b"".join(rows) == b"acme\tB\n"
    assert left() == {None}
    with within(ada), pytest.raises(DatabaseError):
        Account.objects.create(slug="other")
    assert left() == {None}
    with within(ada), transaction.atomic():
        assert slugs() == ["acme"]
        transaction.set_rollback(True)
    assert left() == {None}
    assert Account.objects.filter(name="B").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_thread_begins_with_nobody(ada: Scope) -> None:
    found: list[Any] = []

    def look() -> None:
        found.extend([current(), slugs()])
        connection.close()

    with within(ada):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert found == [NOBODY, []]


@pytest.mark.django_db(transaction=True)
def test_tasks_that_take_turns_on_one_connection_of_a_pool_see_their_own(ada: Scope, cy: Scope) -> None:
    async def look(pool: Any, scope: Scope) -> list[Any]:
        found = []
        with within(scope):
            for at in range(6):
                way = in_one_go if at % 2 else in_transaction
                async with pool.connection() as taken:
                    async with way(taken):
                        cursor = await taken.execute(SLUGS)
                    found.append([slug for (slug,) in await cursor.fetchall()])
        return found

    async def main() -> list[Any]:
        async with AsyncConnectionPool(database_dsn(), min_size=1, max_size=1, kwargs={"autocommit": True}) as pool:
            seen = await asyncio.gather(look(pool, ada), look(pool, cy), look(pool, NOBODY))
            async with pool.connection() as taken:
                rest = await (await taken.execute(SETTINGS)).fetchall()
            return [*seen, {value or None for (value,) in rest}]

    assert asyncio.run(main()) == [[["acme"]] * 6, [["other"]] * 6, [[]] * 6, {None}]


@pytest.mark.django_db(transaction=True)
def test_what_is_streamed_has_a_transaction_and_a_scope_of_its_own(ada: Scope, cy: Scope) -> None:
    with within(ada):
        rows = streamed(account.slug for account in Account.objects.iterator(chunk_size=1))
        sent = StreamingHttpResponse(f"{row}\n" for row in rows)
    with within(cy):
        parts = iter(sent)
        assert next(parts) == b"acme\n"
        assert slugs() == ["other"], "in between, others ask for themselves"
        assert is_in_transaction()
        assert list(parts) == []
    assert not is_in_transaction()
    with within(ada):
        broken_off = streamed(slugs())
    next(broken_off)
    broken_off.close()
    assert not is_in_transaction()


def test_a_request_leaves_no_scope_behind(cast: Cast, ada: Scope) -> None:
    with within(NOBODY):
        for client in (Client(headers=cast.ada.auth), Client(headers={"Authorization": "Bearer rh_none"}), Client()):
            client.get("/api/requests")
            assert current() == NOBODY
        staff = Client(raise_request_exception=False)
        staff.force_login(cast.staff)
        assert staff.get("/admin/budgets/account/").status_code == 200
        assert current() == NOBODY


@pytest.mark.parametrize("digest", ["'); DROP TABLE x; --", "a b", "é'"])
def test_a_scope_is_made_of_nothing_but_figures_and_a_digest(digest: str) -> None:
    with pytest.raises(ValueError, match="A digest is"):
        settings_sql(Scope(key_digest=digest))
