"""A new limit counts what its running period has seen: from the ledger, and holds that are open, each once."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async

from budgets.books.sweeping import differences
from budgets.ledger import Ledger
from budgets.limits import index as limits
from budgets.models import Account, Counter, Limit
from budgets.types import Granted, Refused
from tests.budgets.books import elsewhere, settlement, spend
from tests.budgets.conftest import dsn
from tests.budgets.tables import books, new_limit

pytestmark = pytest.mark.anyio
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SCOPES = ("account:1", "session:talk", "model:a:b")


async def held(ledger: Ledger, *scopes: str, **asked: Any) -> Granted:
    answer = await ledger.reserve(spend(*(scopes or SCOPES), **asked))
    assert isinstance(answer, Granted)
    return answer


@pytest.mark.parametrize("scope", ["account:1", "session:talk", "session:*", "model:a:b"])
async def test_what_was_spent_and_what_is_held_count(ledger: Ledger, scope: str) -> None:
    await ledger.settle(settlement(await held(ledger, amount=60), amount=50))
    await held(ledger, "account:2", amount=60, account_id=2)
    open_hold = await held(ledger, amount=30)
    row = await new_limit(scope, 100)
    assert await books(row) == (50, 30)
    answer = await ledger.reserve(spend(*SCOPES, amount=21))
    assert isinstance(answer, Refused)
    await ledger.settle(settlement(open_hold, amount=25))
    assert await books(row) == (75, 0)
    assert await sync_to_async(differences)() == []


async def test_one_that_says_no_begins_at_nothing(ledger: Ledger) -> None:
    await ledger.settle(settlement(await held(ledger, amount=60), amount=50))
    row = await new_limit("account:1", 100, counts_earlier=False)
    assert await books(row) == (0, 0)


async def test_of_requests_each_counts_once_however_many_hops_it_took(ledger: Ledger) -> None:
    first = await held(ledger)
    await ledger.settle(elsewhere(first))
    await held(ledger, operation_id=first.operation_id, hop=1, counted=SCOPES)
    other = await held(ledger)
    await held(ledger, operation_id=other.operation_id, hop=1, counted=SCOPES)
    row = await new_limit("account:1", 10, "requests")
    assert await books(row) == (1, 1)


async def test_what_names_the_counter_counts_once_when_it_counts_anew(ledger: Ledger) -> None:
    row = await new_limit("account:1", 1_000)
    await ledger.settle(settlement(await held(ledger, amount=60), amount=50))
    await sync_to_async(Limit.objects.update)(is_active=False)
    await ledger.settle(settlement(await held(ledger, amount=60), amount=7))
    await held(ledger, amount=9)
    await sync_to_async(Limit.objects.update)(is_active=True)
    assert await books(row) == (57, 9)
    assert await sync_to_async(differences)() == []


async def test_an_account_that_moves_to_another_zone_gets_no_second_day(ledger: Ledger) -> None:
    account = await sync_to_async(Account.objects.create)(slug="a")
    scope = f"account:{account.pk}"
    row = await new_limit(scope, 100, period="day", account=account, counts_earlier=False)
    await ledger.settle(settlement(await held(ledger, scope, amount=60, account_id=account.pk), amount=50))
    await sync_to_async(Account.objects.filter(pk=account.pk).update)(timezone="Pacific/Kiritimati")
    counters = await sync_to_async(
        lambda: list(Counter.objects.filter(limit=row).order_by("id").values_list("spent"))
    )()
    assert counters == [(50,), (50,)]


async def test_nothing_is_lost_or_doubled_while_everybody_spends(ledger: Ledger) -> None:
    """Limits are made under load; what they counted equals what the ledger has in the end."""
    stop = False

    async def client() -> None:
        while not stop:
            await ledger.settle(settlement(await held(ledger, amount=10), amount=7))

    clients = [asyncio.create_task(client()) for _ in range(8)]
    rows = [await new_limit("account:1", 10**9 + step, mode=("hard", "soft")[step % 2], period="total" if step < 2 else "month")
            for step in range(4)]  # fmt: skip
    stop = True
    await asyncio.gather(*clients)
    totals = {(await books(row)) for row in rows}
    assert len(totals) == 1
    assert await sync_to_async(differences)() == []


async def test_a_period_that_ends_under_load_is_passed_on_neither_side(ledger: Ledger) -> None:
    """What was reserved before settles before; the new period begins at nothing and holds as well."""
    row = await new_limit("account:1", 500, period="month")
    moves = Counter.objects.filter(limit=row, period_start__gt=LONG_AGO).update

    async def client() -> None:
        for _ in range(20):
            answer = await ledger.reserve(spend("account:1", amount=10))
            if isinstance(answer, Granted):
                await ledger.settle(settlement(answer, amount=7))

    clients = [asyncio.create_task(client()) for _ in range(8)]
    while not await sync_to_async(Counter.objects.filter(limit=row, spent__gt=50).exists)():  # noqa: ASYNC110 - others write it
        await asyncio.sleep(0)
    await sync_to_async(moves)(period_start=LONG_AGO)
    await asyncio.gather(*clients)
    spent = await sync_to_async(
        lambda: list(Counter.objects.order_by("period_start").values_list("spent", "reserved"))
    )()
    assert len(spent) == 2
    assert all(0 < each <= 500 and not held for each, held in spent)
    assert await sync_to_async(differences)() == []


async def test_a_limit_that_is_made_waits_for_reservations_under_way(transactional_db: None) -> None:
    """What another connection reserved and has not committed yet is counted as well."""
    asked = spend("account:1", amount=30)
    async with await psycopg.AsyncConnection.connect(dsn()) as other:
        number = await sync_to_async(lambda: limits.load().number)()
        await other.execute(
            "SELECT reserve_many(%s, '{}', '{}', '{0}', ARRAY[%s]::uuid[], '{0}', '{1}', '{null}', '{null}', '{30}', '{0}',"
            " '{60}', ARRAY[jsonb_populate_record(null::analytics_request, %s)], '{null}')",
            [number, asked.operation_id, json.dumps({"scopes": ["account:1"], "account_id": 1})],
        )  # fmt: skip
        making = asyncio.create_task(new_limit("account:1", 100))
        waits = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while not making.done() and not (await other.execute(waits)).rowcount:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
        assert not making.done()
        await other.commit()
        row = await making
    assert await books(row) == (0, 30)
