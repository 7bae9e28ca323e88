"""How many requests of a key may be under way at once: right over all processes, and free again whatever becomes of them."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db.models import F
from django.utils import timezone

from budgets.books.sweeping import sweep
from budgets.errors import KeyBusy
from budgets.ledger import Ledger
from budgets.models import Hold, Slot
from budgets.types import Granted, Refused, Spend
from tests.budgets.books import answer, elsewhere, request, settlement, spend
from tests.budgets.conftest import dsn
from tests.budgets.tables import books, new_limit
from tests.budgets.test_reserving import granted

pytestmark = pytest.mark.anyio
KEY = 5


@pytest.fixture
async def other(ledger: Ledger, tmp_path: Path) -> AsyncIterator[Ledger]:
    """Another process on the same database."""
    opened = Ledger(dsn(), wait_s=5, spool_dir=tmp_path / "other")
    yield opened
    await opened.stop()


def limited(most: int = 2, *scopes: str, **facts: Any) -> Spend:
    return spend(*scopes, **{"key_id": KEY, "slots": most, **facts})


@sync_to_async
def taken(key_id: int = KEY) -> int:
    return Slot.objects.filter(key_id=key_id, lease_until__gt=timezone.now()).count()


@sync_to_async
def silent_for(seconds: float) -> None:
    """The processes said nothing for so long."""
    Slot.objects.update(lease_until=F("lease_until") - timedelta(seconds=seconds))


async def test_one_more_than_the_key_may_have_at_once_is_refused_and_nothing_is_held(ledger: Ledger) -> None:
    for _ in range(2):
        await granted(ledger, limited())
    with pytest.raises(KeyBusy) as refused:
        await ledger.reserve(limited())
    assert (refused.value.limit, refused.value.in_use) == (2, 2)
    assert await Hold.objects.acount() == 2
    await granted(ledger, limited(key_id=KEY + 1))
    await granted(ledger, spend())


async def test_over_two_processes_that_ask_at_once_no_more_are_under_way(ledger: Ledger, other: Ledger) -> None:
    answers = await asyncio.gather(
        *((ledger, other)[at % 2].reserve(limited(5)) for at in range(60)), return_exceptions=True
    )
    assert [sum(isinstance(each, kind) for each in answers) for kind in (Granted, KeyBusy)] == [5, 55]
    assert await taken() == 5


async def test_the_end_of_an_operation_frees_its_slot_for_every_process(ledger: Ledger, other: Ledger) -> None:
    held = await granted(ledger, limited(1))
    with pytest.raises(KeyBusy):
        await other.reserve(limited(1))
    await ledger.settle(settlement(held, frees_slot=True))
    assert await taken() == 0
    await granted(other, limited(1))


async def test_an_operation_keeps_its_slot_from_hop_to_hop(ledger: Ledger) -> None:
    first = await granted(ledger, limited(1))
    await ledger.settle(elsewhere(first))
    second = await granted(ledger, spend(operation_id=first.operation_id, hop=1))
    assert (first.has_slot, second.has_slot, await taken()) == (True, False, 1)
    await ledger.settle(settlement(second, frees_slot=True))
    assert await taken() == 0


async def test_an_operation_that_ends_without_a_hold_frees_its_slot_too(ledger: Ledger) -> None:
    first = await granted(ledger, limited(1))
    await ledger.settle(elsewhere(first))
    await ledger.record(request(first.operation_id).row(), answer(outcome="failure").row(), first.operation_id)
    assert await taken() == 0


async def test_asking_twice_for_the_same_hold_takes_one_slot(ledger: Ledger) -> None:
    asked = limited(2)
    assert await granted(ledger, asked) == await granted(ledger, asked)
    assert await taken() == 1


async def test_what_a_limit_refuses_takes_no_slot_and_what_finds_none_counts_in_no_limit(ledger: Ledger) -> None:
    month = await new_limit("account:1", 25)
    await granted(ledger, limited(1, "account:1", amount=10))
    with pytest.raises(KeyBusy):
        await ledger.reserve(limited(1, "account:1", amount=10))
    assert await books(month) == (0, 10)
    assert isinstance(await ledger.reserve(limited(9, "account:1", amount=20)), Refused)
    assert await taken() == 1


async def test_a_caller_who_leaves_while_the_hold_is_made_has_no_slot(ledger: Ledger) -> None:
    asking = asyncio.ensure_future(ledger.reserve(limited(1)))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    held = None
    while held is None:
        try:
            held = await granted(ledger, limited(1))
        except KeyBusy:
            continue
    assert await taken() == 1


async def test_the_slots_of_a_process_that_died_are_free_half_a_minute_after_its_last_word(
    ledger: Ledger, other: Ledger
) -> None:
    await granted(other, limited(1))
    await silent_for(29)
    with pytest.raises(KeyBusy):
        await ledger.reserve(limited(1))
    await silent_for(2)
    await granted(ledger, limited(1))


async def test_a_process_that_lives_keeps_the_slots_of_what_is_under_way_alone(ledger: Ledger) -> None:
    held, ended = await granted(ledger, limited()), await granted(ledger, limited())
    await silent_for(25)
    await ledger.settle(settlement(ended, frees_slot=True))
    await ledger._housekeeper.renew()
    await silent_for(25)
    assert await taken() == 1
    await ledger.settle(settlement(held, frees_slot=True))
    await ledger._housekeeper.renew()
    assert await Slot.objects.acount() == 0


async def test_slots_that_lapsed_while_the_database_was_away_count_again(ledger: Ledger) -> None:
    await granted(ledger, limited(1))
    await silent_for(300)
    await sync_to_async(sweep)()
    await ledger._housekeeper.renew()
    with pytest.raises(KeyBusy):
        await ledger.reserve(limited(1))


async def test_slots_of_operations_that_nobody_ended_are_forgotten(ledger: Ledger) -> None:
    await granted(ledger, limited(1, lease_s=-1))
    await ledger._housekeeper.renew()
    await silent_for(2 * 3600)
    await sync_to_async(sweep)()
    assert await Slot.objects.acount() == 0


async def test_a_key_without_a_limit_takes_no_slot(ledger: Ledger) -> None:
    held = await granted(ledger, spend(key_id=KEY))
    assert (held.has_slot, await Slot.objects.acount()) == (False, 0)


async def test_freeing_a_slot_twice_or_one_that_never_was_changes_nothing(ledger: Ledger) -> None:
    held = await granted(ledger, limited(1))
    for _ in range(2):
        await ledger.settle(settlement(held, frees_slot=True))
    await ledger.record(request(uuid.uuid4()).row(), answer(outcome="refused").row(), uuid.uuid4())
    assert await taken() == 0
