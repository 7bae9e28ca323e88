"""What the books know of an operation that another process may have begun."""

import uuid

import pytest

from budgets.ledger import Ledger
from budgets.types import NOTHING, Past
from tests.budgets.books import elsewhere, settlement, spend
from tests.budgets.test_reserving import granted
from tests.budgets.test_sweeping import sweeping

pytestmark = pytest.mark.anyio


async def test_of_a_new_operation_and_of_one_that_only_holds_nothing_is_known(ledger: Ledger) -> None:
    held = await granted(ledger, spend(amount=60))
    assert await ledger.past(uuid.uuid4()) == await ledger.past(held.operation_id) == NOTHING


async def test_what_was_charged_by_hop_is_known_and_how_it_ended(ledger: Ledger) -> None:
    first = spend(amount=60)
    await ledger.settle(elsewhere(await granted(ledger, first), amount=10))
    assert await ledger.past(first.operation_id) == Past(charged_nano=10, hops=1, outcome=None)
    second = await granted(ledger, spend(amount=60, operation_id=first.operation_id, hop=1))
    await ledger.settle(settlement(second, amount=20))
    assert await ledger.past(first.operation_id) == Past(charged_nano=30, hops=2, outcome="success")


async def test_of_one_that_was_swept_it_is_known_that_nobody_knows(ledger: Ledger) -> None:
    held = await granted(ledger, spend(amount=60, lease_s=-1))
    await sweeping()
    assert await ledger.past(held.operation_id) == Past(charged_nano=60, hops=1, outcome="unknown")
