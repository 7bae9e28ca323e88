"""A settlement that comes after the sweep gives back what the ceiling was too much by, and says what really happened."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from budgets.books.sweeping import differences, sweep
from budgets.ledger import Ledger
from budgets.models import Counter, Limit
from budgets.types import Granted
from tests.budgets.books import elsewhere, settlement, spend
from tests.budgets.tables import books, new_limit
from tests.budgets.test_reserving import granted
from tests.budgets.test_settling import entries, record, records

pytestmark = pytest.mark.anyio


async def swept(ledger: Ledger, *scopes: str, amount: int = 60, tokens: int = 50, **changes: Any) -> Granted:
    """A hold that was swept while its request still runs."""
    held = await granted(ledger, spend(*scopes, amount=amount, tokens=tokens, lease_s=-1, **changes))
    assert await sync_to_async(sweep)() == 1
    return held


async def test_what_the_ceiling_was_too_much_by_is_given_back(ledger: Ledger) -> None:
    month, tokens = await new_limit("account:1", 100), await new_limit("account:1", 100, "tokens")
    requests = await new_limit("account:1", 100, "requests")
    held = await swept(ledger, "account:1")
    assert (await books(month), await books(tokens), await books(requests)) == ((60, 0), (50, 0), (1, 0))
    await ledger.settle(settlement(held, amount=25, tokens=20))
    assert (await books(month), await books(tokens), await books(requests)) == ((25, 0), (20, 0), (1, 0))
    assert [(e.kind, e.amount_nano, e.overrun_nano, e.tokens, e.outcome) for e in await entries()] == [
        ("charge", 60, 0, 50, "unknown"),
        ("correction", -35, 0, -30, "success"),
    ]
    assert await sync_to_async(differences)() == []


async def test_what_the_sandbox_made_up_is_marked_when_it_is_swept_and_when_it_is_corrected(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    held = await swept(ledger, "account:1", is_sandbox=True)
    counter = await sync_to_async(month.counters.get)()
    assert (counter.spent, counter.sandbox, (await record(held)).is_sandbox) == (60, 60, True)
    await ledger.settle(settlement(held, amount=25, tokens=20))
    await sync_to_async(counter.refresh_from_db)()
    assert (counter.spent, counter.sandbox) == (25, 25)
    assert [entry.is_sandbox for entry in await entries()] == [True, True]


async def test_the_record_then_says_what_really_happened(ledger: Ledger) -> None:
    held = await swept(ledger)
    assert ((await record(held)).outcome, (await record(held)).cost_nano) == ("unknown", 60)
    await ledger.settle(settlement(held, amount=25, provider="openai", latency_ms=900))
    made = await record(held)
    assert (made.outcome, made.cost_nano, made.provider, made.latency_ms, made.error) == (
        "success",
        25,
        "openai",
        900,
        "",
    )
    assert made.category == "coding"


async def test_no_limit_is_passed_by_a_settlement_above_the_ceiling(ledger: Ledger) -> None:
    month = await new_limit("account:1", 60)
    held = await swept(ledger, "account:1")
    await ledger.settle(settlement(held, amount=75, tokens=70))
    assert await books(month) == (60, 0)
    assert [(e.amount_nano, e.overrun_nano, e.tokens) for e in await entries()] == [(60, 0, 50), (0, 15, 0)]
    assert (await record(held)).cost_nano == 75


async def test_settling_late_twice_changes_nothing(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    held = await swept(ledger, "account:1")
    await ledger._send_settle([settlement(held, amount=25), settlement(held, amount=30)])
    await asyncio.gather(*(ledger.settle(settlement(held, amount=10)) for _ in range(3)))
    assert await books(month) == (25, 0)
    assert len(await entries()) == 2
    assert (await record(held)).cost_nano == 25


async def test_on_time_and_late_settlements_share_a_batch(ledger: Ledger) -> None:
    month = await new_limit("account:1", 1000)
    late = [await swept(ledger, "account:1") for _ in range(3)]
    on_time = [await granted(ledger, spend("account:1", amount=60)) for _ in range(3)]
    mixed = [each for pair in zip(late, on_time, strict=True) for each in pair]
    await ledger._send_settle([settlement(held, amount=at) for at, held in enumerate(mixed)])
    assert await books(month) == (15, 0)
    assert [(await record(held)).cost_nano for held in mixed] == [0, 1, 2, 3, 4, 5]
    assert await sync_to_async(differences)() == []


async def test_the_counters_of_the_period_that_reserved_are_corrected(ledger: Ledger) -> None:
    row = await new_limit("account:1", 100, period="day")
    held = await swept(ledger, "account:1")
    await sync_to_async(Counter.objects.update)(period_start=datetime(2026, 1, 1, tzinfo=UTC))
    await granted(ledger, spend("account:1", amount=10))
    await ledger.settle(settlement(held, amount=25))
    counters = await sync_to_async(lambda: list(Counter.objects.filter(limit=row).values_list("spent", "reserved")))()
    assert counters == [(0, 10), (25, 0)]


async def test_a_correction_outlives_the_limit_that_it_was_charged_to(ledger: Ledger) -> None:
    await new_limit("account:1", 100)
    held = await swept(ledger, "account:1")
    await sync_to_async(Limit.objects.all().delete)()
    await ledger.settle(settlement(held, amount=25))
    assert [entry.amount_nano for entry in await entries()] == [60, -35]


async def test_a_late_hop_of_a_request_that_went_on_elsewhere_leaves_the_record_to_it(ledger: Ledger) -> None:
    month = await new_limit("account:1", 200)
    first = await swept(ledger, "account:1")
    await ledger.settle(elsewhere(first, amount=10))
    assert ((await record(first)).outcome, (await record(first)).cost_nano) == ("unknown", 10)
    second = await granted(ledger, spend("account:1", operation_id=first.operation_id, hop=1))
    await ledger.settle(settlement(second, amount=7, cost_nano=17))
    assert ((await record(first)).outcome, (await record(first)).cost_nano) == ("success", 17)
    assert await books(month) == (17, 0)


async def test_a_settlement_on_time_is_never_corrected(ledger: Ledger) -> None:
    held = await granted(ledger, spend(amount=60))
    await ledger.settle(settlement(held, amount=50, outcome="failure"))
    await ledger.settle(settlement(held, amount=1))
    assert [(entry.kind, entry.amount_nano) for entry in await entries()] == [("charge", 50)]
    assert len(await records(held)) == 1
