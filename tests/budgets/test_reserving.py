"""What fits into every limit is held, what does not is refused with the figures; a repeat changes nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from budgets.books.sweeping import differences
from budgets.errors import AlreadySettled, LedgerUnavailable, SpendRejected
from budgets.ledger import Ledger
from budgets.models import Counter, Hold, LedgerEntry
from budgets.types import Granted, Refused, Spend
from tests.budgets.books import settlement, spend
from tests.budgets.conftest import dsn
from tests.budgets.tables import books, new_limit

pytestmark = pytest.mark.anyio
PERIODS = ["minute", "hour", "day", "week", "month", "total"]


async def granted(ledger: Ledger, wanted: Spend) -> Granted:
    held = await ledger.reserve(wanted)
    assert isinstance(held, Granted)
    return held


async def refused(ledger: Ledger, wanted: Spend) -> Refused:
    answer = await ledger.reserve(wanted)
    assert isinstance(answer, Refused)
    return answer


async def test_what_fits_is_held_and_says_what_is_left(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    wanted = spend("account:1", amount=60, hop=2)
    assert await ledger.reserve(wanted) == Granted(
        operation_id=wanted.operation_id, hop=2, amount_nano=60, remaining_nano=40
    )
    assert await books(month) == (0, 60)


async def test_what_does_not_fit_is_refused_with_the_figures(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    await ledger.settle(settlement(await granted(ledger, spend("account:1", amount=10)), amount=7))
    await granted(ledger, spend("account:1", amount=60))
    wanted = spend("account:1", amount=41, hop=1)
    now = datetime.now(UTC)
    next_month = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    answer = await refused(ledger, wanted)
    assert answer == Refused(
        operation_id=wanted.operation_id, hop=1, limit_id=month.pk, label="account 1", measure="money", period="month",
        limit=100, spent=7, reserved=60, asked=41, resets_at=next_month, retry_after_s=answer.retry_after_s,
    )  # fmt: skip
    assert await books(month) == (7, 60)


async def test_what_fits_exactly_is_granted(ledger: Ledger) -> None:
    await new_limit("account:1", 100)
    assert (await granted(ledger, spend("account:1", amount=100))).remaining_nano == 0


async def test_what_is_left_is_of_the_tightest_money_limit(ledger: Ledger) -> None:
    await new_limit("account:1", 1000)
    await new_limit("key:7", 80)
    await new_limit("key:7", 3, "requests")
    assert (await granted(ledger, spend("account:1", "key:7", amount=50))).remaining_nano == 30
    assert (await granted(ledger, spend("account:1", amount=50))).remaining_nano == 900
    assert (await granted(ledger, spend("account:2", amount=50))).remaining_nano is None


async def test_all_scopes_must_have_room_and_a_refusal_takes_none(ledger: Ledger) -> None:
    wide, narrow = await new_limit("account:1", 1000), await new_limit("key:7", 50)
    assert (await refused(ledger, spend("account:1", "key:7", amount=51))).limit_id == narrow.pk
    assert await books(wide) == (0, 0)
    await granted(ledger, spend("account:1", "key:7", amount=50))
    assert (await books(wide), await books(narrow)) == ((0, 50), (0, 50))


async def test_of_several_limits_the_first_made_refuses(ledger: Ledger) -> None:
    first, _second = await new_limit("key:7", 5), await new_limit("account:1", 5)
    assert (await refused(ledger, spend("account:1", "key:7", amount=6))).limit_id == first.pk


async def test_other_scopes_limits_do_not_count(ledger: Ledger) -> None:
    await new_limit("account:2", 0)
    await new_limit("site:", 100)
    await granted(ledger, spend("account:1"))
    assert (await refused(ledger, spend("site:", amount=101))).label == "site"


async def test_requests_and_tokens_are_limited_in_their_own_measure(ledger: Ledger) -> None:
    await new_limit("key:1", 2, "requests", "minute")
    tokens = await new_limit("key:1", 100, "tokens", "minute")
    first = await granted(ledger, spend("key:1", tokens=60))
    assert (await refused(ledger, spend("key:1", tokens=41))).measure == "tokens"
    await ledger.settle(settlement(first, tokens=10))
    assert await books(tokens) == (10, 0)
    await granted(ledger, spend("key:1", tokens=41))
    answer = await refused(ledger, spend("key:1", tokens=1))
    assert (answer.measure, answer.limit, answer.spent, answer.reserved, answer.asked) == ("requests", 2, 1, 1, 1)


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("measure", ["money", "requests", "tokens"])
async def test_every_measure_is_limited_over_every_period(ledger: Ledger, period: str, measure: str) -> None:
    row = await new_limit("account:1", 1, measure, period)
    await granted(ledger, spend("account:1", amount=1, tokens=1))
    answer = await refused(ledger, spend("account:1", amount=1, tokens=1))
    assert (answer.limit_id, answer.period, answer.measure) == (row.pk, period, measure)
    assert (answer.resets_at is None) == (period == "total")


MOMENT = datetime(2026, 12, 31, 23, 59, 58, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("minute", datetime(2026, 12, 31, 23, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("hour", datetime(2026, 12, 31, 23, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("day", datetime(2026, 12, 31, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("week", datetime(2026, 12, 28, tzinfo=UTC), datetime(2027, 1, 4, tzinfo=UTC)),
        ("month", datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("total", datetime(1970, 1, 1, tzinfo=UTC), None),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
@pytest.mark.django_db
def test_periods_are_of_utc_wherever_the_server_stands(
    period: str, start: datetime, end: datetime | None, zone: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL TIME ZONE '{zone}'")
        cursor.execute(
            "SELECT s = %s, budget_period_end(%s, s) IS NOT DISTINCT FROM %s FROM budget_period_start(%s, %s) s",
            [start, period, end, period, MOMENT],
        )
        assert cursor.fetchone() == (True, True)


@pytest.mark.parametrize("period", PERIODS[:-1])
async def test_a_new_period_is_a_new_row_and_the_old_one_keeps_its_holds(ledger: Ledger, period: str) -> None:
    row = await new_limit("account:1", 100, period=period)
    before = await granted(ledger, spend("account:1", amount=80))
    await sync_to_async(Counter.objects.update)(period_start=datetime(2026, 1, 1, tzinfo=UTC))
    await granted(ledger, spend("account:1", amount=90))
    await ledger.settle(settlement(before, amount=70))
    counters = await sync_to_async(lambda: list(Counter.objects.filter(limit=row).values_list("spent", "reserved")))()
    assert counters == [(0, 90), (70, 0)]


async def test_first_requests_of_a_period_in_many_processes_make_one_counter_each(
    ledger: Ledger, tmp_path: Path
) -> None:
    for key in range(20):
        await new_limit(f"key:{key}", 100, period="hour")
    ledgers = [Ledger(dsn(), wait_s=5, spool_dir=tmp_path) for _ in range(4)]
    asked = [
        each.reserve(spend(*(f"key:{(key * step) % 20}" for key in range(20)), amount=1))
        for step, each in zip((1, 3, 7, 19), ledgers, strict=True)
        for _ in range(5)
    ]
    answers = await asyncio.gather(*asked)
    await asyncio.gather(*(each.stop() for each in ledgers))
    assert [type(answer) for answer in answers] == [Granted] * 20
    assert await sync_to_async(lambda: sorted(Counter.objects.values_list("spent", "reserved")))() == [(0, 20)] * 20


async def test_without_limits_it_is_granted_and_no_counter_is_made(ledger: Ledger) -> None:
    assert (await granted(ledger, spend("account:1"))).remaining_nano is None
    assert await sync_to_async(Counter.objects.count)() == 0
    assert (await sync_to_async(Hold.objects.get)()).counters == []


async def test_a_hold_keeps_who_asked_and_until_when(ledger: Ledger) -> None:
    wanted = Spend(**{**_fields(spend(amount=3, tokens=4, lease_s=90, hop=1)), "key_id": 8, "user_id": 9})
    await granted(ledger, wanted)
    hold = await sync_to_async(Hold.objects.get)()
    assert (hold.operation_id, hold.hop, hold.account_id, hold.key_id, hold.user_id, hold.amount_nano, hold.tokens) == (
        wanted.operation_id, 1, 1, 8, 9, 3, 4,
    )  # fmt: skip
    assert hold.lease_until - hold.created_at == timedelta(seconds=90)


def _fields(wanted: Spend) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in wanted.__slots__}


# --- batches


async def test_a_batch_is_granted_in_order_of_arrival(ledger: Ledger) -> None:
    await new_limit("account:1", 100)
    answers = await asyncio.gather(*(ledger.reserve(spend("account:1", amount=30)) for _ in range(5)))
    assert [isinstance(answer, Granted) for answer in answers] == [True, True, True, False, False]


async def test_in_a_batch_a_smaller_one_still_fits_behind_one_that_does_not(ledger: Ledger) -> None:
    row = await new_limit("account:1", 100)
    answers = await asyncio.gather(*(ledger.reserve(spend("account:1", amount=each)) for each in (60, 50, 40, 1)))
    assert [answer.remaining_nano if isinstance(answer, Granted) else None for answer in answers] == [40, None, 0, None]
    assert [(a.spent, a.reserved) for a in answers if isinstance(a, Refused)] == [(0, 60), (0, 100)]
    assert await books(row) == (0, 100)


async def test_more_than_one_batch_holds_is_granted_in_order(ledger: Ledger) -> None:
    await new_limit("account:1", 400)
    answers = await asyncio.gather(*(ledger.reserve(spend("account:1", amount=1)) for _ in range(600)))
    assert [isinstance(answer, Granted) for answer in answers] == [True] * 400 + [False] * 200


async def test_one_bad_item_fails_alone(ledger: Ledger) -> None:
    row = await new_limit("account:1", 1000)
    bad = [
        spend("account:1", amount=1, category="\0"),
        spend("account:1", amount=1, decision="{"),
        spend("account:1", amount=1, category="\ud800"),
        spend("account:1", amount=1, created_at="yesterday"),
        spend("account:1", amount=-1),
        spend("account:1", amount=2**63),
    ]
    answers = await asyncio.gather(
        *(ledger.reserve(each) for each in (spend("account:1"), *bad, spend("account:1"))), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [Granted, *[SpendRejected] * len(bad), Granted]
    assert await books(row) == (0, 20)
    assert await sync_to_async(differences)() == []


# --- repeats


async def test_reserving_again_changes_nothing(ledger: Ledger) -> None:
    row = await new_limit("account:1", 100)
    wanted = spend("account:1", amount=60)
    first = await granted(ledger, wanted)
    assert await ledger.reserve(wanted) == first
    assert await books(row) == (0, 60)
    assert await sync_to_async(Hold.objects.count)() == 1


async def test_reserving_again_in_one_batch_changes_nothing(ledger: Ledger) -> None:
    row = await new_limit("account:1", 100)
    wanted = spend("account:1", amount=60)
    answers = await asyncio.gather(*(ledger.reserve(wanted) for _ in range(3)), ledger.reserve(spend("account:1")))
    assert [isinstance(answer, Granted) for answer in answers] == [True] * 4
    assert await books(row) == (0, 70)


async def test_hops_of_one_operation_are_held_side_by_side(ledger: Ledger) -> None:
    row = await new_limit("account:1", 100)
    first = spend("account:1", amount=60)
    await granted(ledger, first)
    await granted(ledger, spend("account:1", amount=40, operation_id=first.operation_id, hop=1))
    assert await books(row) == (0, 100)


async def test_a_name_that_was_settled_is_not_held_again(ledger: Ledger) -> None:
    row = await new_limit("account:1", 100)
    wanted = spend("account:1", amount=60)
    await ledger.settle(settlement(await granted(ledger, wanted), amount=25))
    with pytest.raises(AlreadySettled, match=f"Hop 0 of operation {wanted.operation_id}"):
        await ledger.reserve(wanted)
    assert await books(row) == (25, 0)
    assert await sync_to_async(Hold.objects.count)() == 0


# --- callers that leave


@pytest.mark.parametrize("gives_up", ["waits too long", "leaves"])
async def test_a_hold_that_nobody_waits_for_any_more_is_given_back(
    ledger: Ledger, tmp_path: Path, gives_up: str
) -> None:
    month = await new_limit("account:1", 100)
    await granted(ledger, spend("account:1", amount=10))
    hasty = Ledger(dsn(), wait_s=0.3 if gives_up == "waits too long" else 5, spool_dir=tmp_path)
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
    if gives_up == "leaves":
        entry = await sync_to_async(LedgerEntry.objects.get)()
        assert (entry.amount_nano, entry.outcome) == (0, "abandoned")


async def test_a_caller_that_left_before_its_batch_is_not_reserved_for(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    first = asyncio.create_task(ledger.reserve(spend("account:1", amount=1)))
    second = asyncio.create_task(ledger.reserve(spend("account:1", amount=2)))
    await asyncio.sleep(0)
    second.cancel()
    assert isinstance(await first, Granted)
    await ledger.stop()
    assert await books(month) == (0, 1)
    assert await sync_to_async(LedgerEntry.objects.count)() == 0


@pytest.mark.parametrize("after_turns", range(12))
async def test_whenever_a_caller_leaves_nothing_stays_held(ledger: Ledger, after_turns: int) -> None:
    month = await new_limit("account:1", 100)
    asking = asyncio.create_task(ledger.reserve(spend("account:1", amount=60)))
    for _ in range(after_turns):
        await asyncio.sleep(0.001)
    asking.cancel()
    answer = (await asyncio.gather(asking, return_exceptions=True))[0]
    await ledger.stop()
    held = 60 if isinstance(answer, Granted) else 0
    assert await books(month) in {(0, held), (0, 0)}
    assert (await sync_to_async(Hold.objects.count)() == 1) == (held == 60)
