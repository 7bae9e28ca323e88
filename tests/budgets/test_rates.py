"""Requests and tokens per minute: kept over any minute, one request an operation, and told with each answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async

from budgets.books.sweeping import differences
from budgets.ledger import Ledger, database
from budgets.types import Granted, Rate, Refused
from tests.budgets.books import elsewhere, settlement, spend
from tests.budgets.conftest import dsn
from tests.budgets.tables import books, new_limit
from tests.budgets.test_reserving import granted, refused

pytestmark = pytest.mark.anyio
MINUTE = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
At = Callable[[float], Awaitable[None]]
CLOCK = """
CREATE SCHEMA set_clock;
CREATE TABLE set_clock.time (at timestamptz);
INSERT INTO set_clock.time VALUES (now());
CREATE FUNCTION set_clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT at FROM set_clock.time';
"""


@pytest.fixture
async def at(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[At]:
    """Set the ledger's clock to so many seconds after MINUTE: its functions find this one before the server's."""
    monkeypatch.setitem(database.SESSION, "search_path", "set_clock, pg_catalog, public")
    async with await psycopg.AsyncConnection.connect(dsn(), autocommit=True) as connection:
        await connection.execute(CLOCK)

        async def set_to(seconds: float) -> None:
            await connection.execute("UPDATE set_clock.time SET at = %s", [MINUTE + timedelta(seconds=seconds)])

        await set_to(0)
        yield set_to
        await connection.execute("DROP SCHEMA set_clock CASCADE")


@pytest.fixture
async def ledger(at: At, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Ledger]:
    opened = Ledger(dsn(), wait_s=5, spool_dir=tmp_path / "spool")
    yield opened
    await opened.stop()


async def ask(ledger: Ledger, count: int, **wanted: Any) -> int:
    """So many of these requests, one after the other; how many were granted."""
    answers = [await ledger.reserve(spend("account:1", **wanted)) for _ in range(count)]
    return sum(isinstance(answer, Granted) for answer in answers)


async def test_across_the_edge_of_a_minute_no_more_are_let_in_than_in_one(ledger: Ledger, at: At) -> None:
    await new_limit("account:1", 30, "requests", "minute")
    await at(58)
    assert await ask(ledger, 40) == 30
    await at(61)
    assert await ask(ledger, 40) == 0
    await at(90)
    assert await ask(ledger, 40) == 15, "half of the minute before lies more than a minute back"
    await at(90 + 60)
    assert await ask(ledger, 40) == 22


async def test_what_a_settlement_gives_back_of_the_minute_before_is_free_at_once(ledger: Ledger, at: At) -> None:
    row = await new_limit("account:1", 100, "tokens", "minute")
    await at(59)
    held = await granted(ledger, spend("account:1", tokens=100))
    await at(60)
    assert await ask(ledger, 1, tokens=1) == 0
    await ledger.settle(settlement(held, tokens=20))
    assert await ask(ledger, 2, tokens=80) == 1
    assert await books(row) == (0, 80)
    assert await sync_to_async(differences)() == []


async def test_a_refusal_says_when_there_is_room_again(ledger: Ledger, at: At) -> None:
    await new_limit("account:1", 30, "requests", "minute")
    await at(50)
    await ask(ledger, 30)
    answer = await refused(ledger, spend("account:1"))
    assert (answer.spent, answer.reserved, answer.resets_at) == (0, 30, MINUTE + timedelta(seconds=62))
    assert (answer.retry_after_s, answer.rate) == (12, Rate(measure="requests", limit=30, remaining=0, reset_s=12))
    await at(61.9)
    answer = await refused(ledger, spend("account:1"))
    assert (answer.spent, answer.reserved, answer.retry_after_s) == (30, 0, 1)
    await at(62)
    assert await ask(ledger, 2) == 1


async def test_what_is_more_than_the_rate_itself_never_has_room(ledger: Ledger) -> None:
    await new_limit("account:1", 30, "tokens", "minute")
    answer = await refused(ledger, spend("account:1", tokens=31))
    assert (answer.resets_at, answer.retry_after_s) == (None, None)


async def test_other_limits_keep_to_the_clock(ledger: Ledger, at: At) -> None:
    await new_limit("account:1", 10, "money", "minute")
    await new_limit("account:1", 1, "requests", "hour")
    await at(3_599)
    assert await ask(ledger, 2) == 1
    answer = await refused(ledger, spend("account:1", amount=0))
    assert (answer.period, answer.retry_after_s, answer.rate) == ("hour", 1, None)
    await at(3_600)
    assert await ask(ledger, 2) == 1


async def test_what_is_granted_says_how_its_tightest_rates_stand(ledger: Ledger, at: At) -> None:
    await new_limit("account:1", 30, "requests", "minute")
    await new_limit("account:1", 100, "tokens", "minute")
    await new_limit("key:7", 5, "requests", "minute")
    await new_limit("key:7", 5, "requests", "hour")
    await at(15)
    held = await granted(ledger, spend("account:1", "key:7", tokens=40))
    assert set(held.rates) == {
        Rate(measure="requests", limit=5, remaining=4, reset_s=105),
        Rate(measure="tokens", limit=100, remaining=60, reset_s=105),
    }
    assert (await granted(ledger, spend("account:2"))).rates == ()


# --- one operation is one request


async def test_the_hops_of_an_operation_are_one_request(ledger: Ledger) -> None:
    rate = await new_limit("account:1", 2, "requests", "minute")
    first = spend("account:1", "model:a")
    await ledger.settle(elsewhere(await granted(ledger, first)))
    for hop in (1, 2, 3):
        later = spend("account:1", "model:a", operation_id=first.operation_id, hop=hop, counted=first.scopes)
        await ledger.settle(elsewhere(await granted(ledger, later)))
    assert await books(rate) == (1, 0)
    await granted(ledger, spend("account:1"))
    assert isinstance(await ledger.reserve(spend("account:1")), Refused)
    assert await sync_to_async(differences)() == []


async def test_another_model_that_an_operation_tries_counts_it_and_all_hops_pay(ledger: Ledger) -> None:
    model, month = await new_limit("model:b", 1, "requests", "minute"), await new_limit("account:1", 100)
    first = spend("account:1", "model:a")
    await granted(ledger, first)
    later: dict[str, Any] = {"operation_id": first.operation_id, "counted": first.scopes}
    await granted(ledger, spend("account:1", "model:b", hop=1, **later))
    assert (await books(model), await books(month)) == ((0, 1), (0, 20))
    assert isinstance(await ledger.reserve(spend("model:b")), Refused)


async def test_over_two_processes_that_ask_at_once_no_more_are_let_in(ledger: Ledger, tmp_path: Path) -> None:
    await new_limit("key:1", 7, measure="requests", period="minute")
    other = Ledger(dsn(), wait_s=5, spool_dir=tmp_path / "other")
    answers = await asyncio.gather(*((ledger, other)[at % 2].reserve(spend("key:1")) for at in range(40)))
    assert [sum(isinstance(each, kind) for each in answers) for kind in (Granted, Refused)] == [7, 33]
    await other.stop()
