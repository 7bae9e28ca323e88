"""The ledger's connection: opened when it is needed, again when it broke, and plain about what went wrong."""

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from budgets.errors import LedgerUnavailable
from budgets.ledger import Ledger
from budgets.ledger.database import Away, Database, Rejected, Unreachable
from tests.budgets.books import settlement, spend
from tests.budgets.conftest import dsn
from tests.budgets.test_reserving import granted
from tests.budgets.test_settling import entries

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(transactional_db: None, anyio_backend: str) -> AsyncIterator[Database]:
    opened = Database(dsn(), wait_s=0.5)
    yield opened
    await opened.close()


async def cut_off() -> None:
    """The server ends every connection of a ledger."""
    async with await psycopg.AsyncConnection.connect(dsn(), autocommit=True) as other:
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'routerhub ledger'"
        )


@pytest.mark.parametrize("form", ["address", "pairs", "with a client's own settings"])
async def test_the_address_is_read_in_every_form_that_libpq_knows(transactional_db: None, form: str) -> None:
    own = {"connect_timeout": "3", "keepalives": "1"} if form.startswith("with") else {}
    database = Database(dsn() if form == "address" else make_conninfo(dsn(), **own), 5)
    assert (await database.row("SELECT current_database()::text"))[0] == connection.settings_dict["NAME"]
    await database.close()


async def test_a_query_is_echoed_with_its_time_and_without_its_values(
    transactional_db: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "budgets.ledger.database")
    database = Database(dsn(), 5)
    await database.row("SELECT $1::text", "a secret")
    await database.close()
    (echo,) = [each.getMessage() for each in caplog.records if "$1" in each.getMessage()]
    assert re.fullmatch(r"action=query ms=\d+\.\d query=SELECT \$1::text", echo)


@pytest.mark.parametrize("ip", ["127.0.0.1", "255.0.1.9", "::1", "2001:db8::ffff:7"])
async def test_an_ip_address_arrives_as_it_is(database: Database, ip: str) -> None:
    assert (await database.row("SELECT host($1::inet)", ip))[0] == ip


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("SELECT $1::inet", "localhost"),
        ("SELECT $1::bigint", "seven"),
        ("SELECT $1::bigint", 2**63),
        ("SELECT $1::timestamptz", 7),
        ("SELECT $1::text", "\ud800"),
        ("SELECT $1::text", "\0"),
        ("SELECT $1::jsonb", "{"),
        ("SELECT $1::jsonb", "[" * 100_000 + "]" * 100_000),
        ("SELECT 1 / $1::bigint", 0),
    ],
)
async def test_what_is_wrong_with_the_values_is_rejected_and_the_connection_stays(
    database: Database, query: str, value: object
) -> None:
    before = await database.row("SELECT pg_backend_pid()")
    with pytest.raises(Rejected):
        await database.row(query, value)
    assert await database.row("SELECT pg_backend_pid()") == before


@pytest.mark.parametrize(
    "query", ["SELECT pg_sleep(9)", "SELECT * FROM no_such_table", "INSERT INTO budgets_limitset SELECT 1"]
)
async def test_what_any_values_would_have_met_is_the_databases_own(database: Database, query: str) -> None:
    if query.startswith("INSERT"):
        await database.row("SET default_transaction_read_only = on")
    with pytest.raises(Away) as raised:
        await database.row(query)
    assert not isinstance(raised.value, Unreachable)
    assert (await database.row("SELECT 1"))[0] == 1


async def test_where_nobody_answers_it_was_asked_nothing(anyio_backend: str) -> None:
    with pytest.raises(Unreachable):
        await Database("host=127.0.0.1 port=1 user=nobody dbname=none", 1).row("SELECT 1")


async def test_a_connection_that_was_cut_off_is_noticed_by_no_caller(ledger: Ledger) -> None:
    first = await granted(ledger, spend(amount=10))
    await cut_off()
    await granted(ledger, spend(amount=10))
    await ledger.settle(settlement(first, amount=5))
    await cut_off()
    await ledger.settle(settlement(first, amount=5))
    await ledger._housekeeper.drain()
    assert [entry.amount_nano for entry in await entries()] == [5]
    assert await ledger.is_answering()


async def test_a_server_without_a_free_connection_is_waited_for_and_then_away(
    transactional_db: None, tmp_path: Path
) -> None:
    """J8: it is the server's own words, and the wait is bounded."""
    crowded = Ledger(dsn(), wait_s=0.5, spool_dir=tmp_path)
    async with await psycopg.AsyncConnection.connect(dsn(), autocommit=True) as admin:
        await limit_connections(admin, 0)
        try:
            with pytest.raises(LedgerUnavailable):
                await crowded.reserve(spend())
            await crowded.settle(settlement(spend()))
            assert len(os.listdir(tmp_path)) == 1, "what is to be settled is kept"
        finally:
            await limit_connections(admin, -1)
            await crowded.stop()


async def limit_connections(admin: psycopg.AsyncConnection[Any], most: int) -> None:
    name = psycopg.sql.Identifier(connection.settings_dict["NAME"])
    await admin.execute(psycopg.sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(name, most))
