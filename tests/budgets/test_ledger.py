import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.models import Record
from budgets.errors import LedgerUnavailable
from budgets.ledger import Ledger
from budgets.models import Counter, Hold, LedgerEntry, Limit
from budgets.sweeping import differences, sweep
from budgets.types import Granted, Refused
from tests.budgets.books import settlement, spend
from tests.budgets.conftest import dsn

pytestmark = pytest.mark.anyio


def limit(scope: str, amount: int, measure: str = "money", period: str = "month") -> Limit:
    kind, _, subject = scope.partition(":")
    return Limit.objects.create(kind=kind, subject=subject, measure=measure, period=period, amount=amount)


new_limit: Callable[..., Any] = sync_to_async(limit)


@sync_to_async
def books(limit: Limit) -> tuple[int, int]:
    """What the limit's newest counter has spent and reserved."""
    counter = Counter.objects.filter(limit=limit).first()
    return (counter.spent, counter.reserved) if counter else (0, 0)


async def test_a_hold_is_reserved_and_settling_turns_it_into_what_it_cost(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    held = await ledger.reserve(spend("account:1", amount=60))
    assert isinstance(held, Granted)
    assert held.remaining_nano == 40
    assert await books(month) == (0, 60)
    await ledger.settle(settlement(held, amount=25))
    assert await books(month) == (25, 0)
    assert await sync_to_async(LedgerEntry.objects.count)() == 1
    assert await sync_to_async(Hold.objects.count)() == 0


async def test_what_does_not_fit_is_refused_with_the_figures(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    await ledger.reserve(spend("account:1", amount=60))
    refused = await ledger.reserve(spend("account:1", amount=41))
    assert isinstance(refused, Refused)
    assert (refused.limit_id, refused.limit, refused.spent, refused.reserved, refused.asked) == (
        month.pk,
        100,
        0,
        60,
        41,
    )
    assert refused.label == "account 1"
    assert refused.resets_at is not None
    assert (refused.resets_at.day, refused.resets_at.hour) == (1, 0)
    assert await books(month) == (0, 60)


async def test_what_fits_exactly_is_granted(ledger: Ledger) -> None:
    await new_limit("account:1", 100)
    held = await ledger.reserve(spend("account:1", amount=100))
    assert isinstance(held, Granted)
    assert held.remaining_nano == 0


async def test_all_scopes_must_have_room_and_a_refusal_takes_none(ledger: Ledger) -> None:
    wide, narrow = await new_limit("account:1", 1000), await new_limit("key:7", 50)
    assert isinstance(await ledger.reserve(spend("account:1", "key:7", amount=51)), Refused)
    assert await books(wide) == (0, 0)
    assert isinstance(await ledger.reserve(spend("account:1", "key:7", amount=50)), Granted)
    assert (await books(wide), await books(narrow)) == ((0, 50), (0, 50))


async def test_other_scopes_limits_do_not_count(ledger: Ledger) -> None:
    await new_limit("account:2", 0)
    assert isinstance(await ledger.reserve(spend("account:1")), Granted)


async def test_requests_and_tokens_are_limited_in_their_own_measure(ledger: Ledger) -> None:
    await new_limit("key:1", 2, "requests", "minute")
    tokens = await new_limit("key:1", 100, "tokens", "minute")
    first = await ledger.reserve(spend("key:1", tokens=60))
    assert isinstance(first, Granted)
    refused = await ledger.reserve(spend("key:1", tokens=41))
    assert isinstance(refused, Refused)
    assert refused.measure == "tokens"
    await ledger.settle(settlement(first, tokens=10))
    assert await books(tokens) == (10, 0)
    assert isinstance(await ledger.reserve(spend("key:1", tokens=41)), Granted)
    refused = await ledger.reserve(spend("key:1", tokens=1))
    assert isinstance(refused, Refused)
    assert (refused.measure, refused.limit) == ("requests", 2)


async def test_settling_twice_changes_nothing(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    held = await ledger.reserve(spend("account:1", amount=60))
    assert isinstance(held, Granted)
    await asyncio.gather(*(ledger.settle(settlement(held, amount=25)) for _ in range(5)))
    await ledger.settle(settlement(held, amount=60))
    assert await books(month) == (25, 0)


async def test_what_the_upstream_asks_beyond_the_hold_is_kept_but_not_charged(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    held = await ledger.reserve(spend("account:1", amount=60))
    assert isinstance(held, Granted)
    await ledger.settle(settlement(held, amount=75))
    assert await books(month) == (60, 0)
    entry = await sync_to_async(LedgerEntry.objects.get)()
    assert (entry.amount_nano, entry.overrun_nano) == (60, 15)


async def test_a_spend_whose_hold_was_lost_is_added_all_the_same(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    held = await ledger.reserve(spend("account:1", amount=60))
    assert isinstance(held, Granted)
    await sync_to_async(Hold.objects.all().delete)()
    await sync_to_async(Counter.objects.update)(reserved=0)
    await ledger.settle(settlement(held, amount=25))
    assert await books(month) == (25, 0)


async def test_an_expired_hold_is_swept_at_its_ceiling_and_marked_unknown(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    await ledger.reserve(spend("account:1", amount=60, lease_s=-1))
    await ledger.reserve(spend("account:1", amount=30, lease_s=60))
    assert await sync_to_async(sweep)() == 1
    assert await sync_to_async(sweep)() == 0
    assert await books(month) == (60, 30)
    entry = await sync_to_async(LedgerEntry.objects.get)()
    assert (entry.amount_nano, entry.outcome) == (60, "unknown")
    record = await sync_to_async(Record.objects.get)(operation_id=entry.operation_id)
    assert (record.outcome, record.cost_nano) == ("unknown", 60)


@pytest.mark.parametrize("gives_up", ["waits too long", "leaves"])
async def test_a_hold_that_nobody_waits_for_any_more_is_given_back(
    ledger: Ledger, tmp_path: Path, gives_up: str
) -> None:
    month = await new_limit("account:1", 100)
    held = await ledger.reserve(spend("account:1", amount=10))
    assert isinstance(held, Granted)
    hasty = Ledger(dsn(), wait_s=0.3 if gives_up == "waits too long" else 5, spool_dir=tmp_path)
    await hasty.start()
    async with await psycopg.AsyncConnection.connect(dsn()) as other:
        await other.execute("SELECT 1 FROM budgets_counter FOR UPDATE")
        asking = asyncio.create_task(hasty.reserve(spend("account:1", amount=60)))
        await asyncio.sleep(0.1)
        if gives_up == "leaves":
            asking.cancel()
        with pytest.raises((LedgerUnavailable, asyncio.CancelledError)):
            await asking
    await hasty.stop()
    assert await books(month) == (0, 10)
    assert await sync_to_async(Hold.objects.count)() == 1


async def test_a_batch_is_granted_in_order_of_arrival(ledger: Ledger) -> None:
    await new_limit("account:1", 100)
    answers = await asyncio.gather(*(ledger.reserve(spend("account:1", amount=30)) for _ in range(5)))
    assert [isinstance(answer, Granted) for answer in answers] == [True, True, True, False, False]


async def test_one_bad_item_fails_alone(ledger: Ledger) -> None:
    await new_limit("account:1", 1000)
    bad = spend("account:1", amount=1, category="\0")
    answers = await asyncio.gather(
        ledger.reserve(spend("account:1")), ledger.reserve(bad), ledger.reserve(spend("account:1")),
        return_exceptions=True,
    )  # fmt: skip
    assert [isinstance(answer, Granted) for answer in answers] == [True, False, True]


STEPS = st.lists(
    st.tuples(st.sampled_from(["reserve", "settle"]), st.integers(0, 60), st.booleans(), st.integers(0, 5)), max_size=25
)


@given(STEPS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_books_follow_a_model_of_themselves(ledger: Ledger, steps: list[tuple[str, int, bool, int]]) -> None:
    """Against a plain model: spent and reserved of two limits after any sequence of reserving and settling."""
    await sync_to_async(Limit.objects.all().delete)()
    amounts = {"account:1": 100, "key:7": 70}
    limits = {scope: await new_limit(scope, amount) for scope, amount in amounts.items()}
    model = {scope: [0, 0] for scope in amounts}
    open_holds: list[tuple[Granted, int, tuple[str, ...]]] = []
    for action, amount, both, which in steps:
        if action == "reserve":
            scopes: tuple[str, ...] = ("account:1", "key:7") if both else ("account:1",)
            fits = all(sum(model[scope]) + amount <= amounts[scope] for scope in scopes)
            answer = await ledger.reserve(spend(*scopes, amount=amount))
            assert isinstance(answer, Granted) == fits
            if isinstance(answer, Granted):
                open_holds.append((answer, amount, scopes))
                for scope in scopes:
                    model[scope][1] += amount
        elif open_holds:
            held, reserved, scopes = open_holds.pop(which % len(open_holds))
            await ledger.settle(settlement(held, amount=amount))
            for scope in scopes:
                model[scope][0] += min(amount, reserved)
                model[scope][1] -= reserved
        for scope, row in limits.items():
            assert list(await books(row)) == model[scope]
    assert await sync_to_async(differences)() == []
