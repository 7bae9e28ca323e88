"""Holds whose process died are settled at their ceiling, so that no limit is ever passed nor blocked for ever."""

import asyncio
from pathlib import Path

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from budgets.books.sweeping import differences, sweep
from budgets.ledger import Ledger, housekeeping
from budgets.models import Counter, Hold
from tests.budgets.books import elsewhere, settlement, spend
from tests.budgets.conftest import dsn
from tests.budgets.tables import books, new_limit
from tests.budgets.test_reserving import granted
from tests.budgets.test_settling import entries, record, records

pytestmark = pytest.mark.anyio
sweeping = sync_to_async(sweep)


async def test_an_expired_hold_is_swept_at_its_ceiling_and_marked_unknown(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    held = await granted(ledger, spend("account:1", amount=60, lease_s=-1, model="a:asked"))
    await granted(ledger, spend("account:1", amount=30, lease_s=60))
    assert await sweeping() == 1
    assert await sweeping() == 0
    assert await books(month) == (60, 30)
    (entry,) = await entries()
    assert (entry.operation_id, entry.amount_nano, entry.tokens, entry.outcome) == (held.operation_id, 60, 5, "unknown")
    made = await record(held)
    assert (made.outcome, made.cost_nano, made.model, made.http_status) == ("unknown", 60, "a:asked", None)
    assert made.error == "The process died before the answer was settled."


async def test_the_record_of_a_swept_hold_costs_what_its_earlier_hops_did_too(ledger: Ledger) -> None:
    first = await granted(ledger, spend(amount=60))
    await ledger.settle(elsewhere(first, amount=10))
    await granted(ledger, spend(amount=60, lease_s=-1, operation_id=first.operation_id, hop=1))
    assert await sweeping() == 1
    assert (await record(first)).cost_nano == 70


async def test_two_holds_of_one_operation_are_swept_together_into_one_record(ledger: Ledger) -> None:
    first = await granted(ledger, spend(amount=60, lease_s=-1))
    await granted(ledger, spend(amount=40, lease_s=-1, operation_id=first.operation_id, hop=1))
    assert await sweeping() == 2
    assert ((await record(first)).outcome, (await record(first)).cost_nano) == ("unknown", 100)
    assert [entry.amount_nano for entry in await entries()] == [60, 40]


async def test_a_record_that_tells_what_happened_is_not_swept_away(ledger: Ledger) -> None:
    first = await granted(ledger, spend(amount=60, lease_s=-1))
    second = await granted(ledger, spend(amount=40, operation_id=first.operation_id, hop=1))
    await ledger.settle(settlement(second, amount=7))
    assert await sweeping() == 1
    assert ((await record(first)).outcome, (await record(first)).cost_nano) == ("success", 7)


async def test_so_many_at_a_time_and_the_oldest_first(ledger: Ledger) -> None:
    held = [await granted(ledger, spend(lease_s=-lease)) for lease in (1, 3, 2)]

    def some() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT swept FROM sweep_holds(2)")
            return int(cursor.fetchone()[0])

    assert [await sync_to_async(some)() for _ in range(3)] == [2, 1, 0]
    assert [entry.operation_id for entry in await entries()][2] == held[0].operation_id


# --- bad rows


async def _spoil(held: object, change: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn(), autocommit=True) as other:
        await other.execute(f"UPDATE budgets_hold SET {change} WHERE operation_id = %s", [held.operation_id])  # type: ignore[attr-defined] # noqa: S608


async def test_a_hold_whose_record_cannot_be_written_is_settled_without_one(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    month = await new_limit("account:1", 100)
    held = [await granted(ledger, spend("account:1", amount=20, lease_s=-1)) for _ in range(3)]
    await _spoil(held[1], "request.category = NULL")
    assert await sweeping() == 3
    assert await books(month) == (60, 0)
    assert [len(await records(each)) for each in held] == [1, 0, 1]
    assert f"hold {held[1].operation_id} hop 0 has no record: null value in column" in caplog.text
    assert await sync_to_async(differences)() == []


async def test_a_hold_whose_cost_passes_every_number_stops_no_other(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    first = await granted(ledger, spend(amount=20))
    await ledger.settle(elsewhere(first, amount=10))
    await granted(ledger, spend(amount=2**63 - 1, lease_s=-1, operation_id=first.operation_id, hop=1))
    held = await granted(ledger, spend(amount=20, lease_s=-1))
    assert await sweeping() == 2
    assert ((await record(held)).outcome, await records(first)) == ("unknown", [])
    assert f"hold {first.operation_id} hop 1 has no record: bigint out of range" in caplog.text


async def test_a_hold_that_cannot_be_settled_at_all_is_left_for_an_hour_and_stops_no_other(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    month, wrong = await new_limit("account:1", 100), await new_limit("key:7", 100)
    bad = await granted(ledger, spend("account:1", "key:7", amount=20, lease_s=-5))
    await granted(ledger, spend("account:1", amount=20, lease_s=-1))
    # Books that were falsified from outside: what is released here was never reserved.
    await sync_to_async(Counter.objects.filter(limit=wrong).update)(reserved=0)
    assert await sweeping() == 2
    assert await books(month) == (20, 20)
    assert f"hold {bad.operation_id} hop 0 cannot be settled, left for an hour:" in caplog.text
    assert await sweeping() == 0
    assert await sync_to_async(Hold.objects.count)() == 1


# --- several at once


async def test_one_sweeps_at_a_time(ledger: Ledger) -> None:
    await granted(ledger, spend(lease_s=-1))
    async with await psycopg.AsyncConnection.connect(dsn()) as other:
        await other.execute("SELECT sweep_holds(10)")
        assert await sweeping() == 0
        assert await sync_to_async(Hold.objects.count)() == 1
    assert await sync_to_async(Hold.objects.count)() == 0


async def test_a_hold_that_is_being_settled_is_not_swept(ledger: Ledger) -> None:
    held, _ = [await granted(ledger, spend(amount=20, lease_s=-1)) for _ in range(2)]
    async with await psycopg.AsyncConnection.connect(dsn()) as settling:
        await settling.execute(
            "SELECT settle_many(ARRAY[%s]::uuid[], '{0}', '{7}', '{1}', '{success}', ARRAY[null]::analytics_answer[], "
            "'{}', '{}')",
            [held.operation_id],
        )
        assert await sweeping() == 1
    assert sorted((entry.amount_nano, entry.outcome) for entry in await entries()) == [(7, "success"), (20, "unknown")]


async def test_a_settlement_that_waits_for_the_sweep_corrects_it(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    held = await granted(ledger, spend("account:1", amount=60, lease_s=-1))
    async with await psycopg.AsyncConnection.connect(dsn()) as other:
        await other.execute("SELECT sweep_holds(10)")
        settling = asyncio.create_task(ledger.settle(settlement(held, amount=25)))
        await asyncio.sleep(0.2)
        assert not settling.done()
    await settling
    assert await books(month) == (25, 0)
    assert ((await record(held)).outcome, (await record(held)).cost_nano) == ("success", 25)


async def test_a_gateway_sweeps_by_itself(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "SWEEP_EVERY_S", 0.05)
    monkeypatch.setattr(housekeeping, "DRAIN_EVERY_S", 0.05)
    monkeypatch.setattr(housekeeping, "MAX_PER_SWEEP", 2)
    keeping = Ledger(dsn(), wait_s=5, spool_dir=tmp_path)
    await keeping.start()
    for _ in range(5):
        await granted(ledger, spend(lease_s=-1))
    async with asyncio.timeout(10):
        while await sync_to_async(Hold.objects.count)():  # noqa: ASYNC110 - the database has no event to wait for
            await asyncio.sleep(0.05)
    await keeping.stop()
    assert len(await entries()) == 5


# --- the books


async def test_reconcile_tells_when_the_books_balance_and_when_not(ledger: Ledger) -> None:
    row = await new_limit("account:1", 1000)
    await granted(ledger, spend("account:1", amount=60))
    await ledger.settle(settlement(await granted(ledger, spend("account:1", amount=60)), amount=25))
    await sync_to_async(call_command)("reconcile", verbosity=0)
    await sync_to_async(Counter.objects.update)(spent=24)
    counter = await sync_to_async(Counter.objects.get)(limit=row)
    assert await sync_to_async(differences)() == [
        {"counter": counter.pk, "spent": 24, "spent_in_ledger": 25, "reserved": 60, "reserved_in_holds": 60}
    ]
    with pytest.raises(CommandError, match="1 counters differ"):
        await sync_to_async(call_command)("reconcile", verbosity=0)
