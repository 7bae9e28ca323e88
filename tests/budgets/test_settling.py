"""A hold becomes what it cost, once, with the record of its request."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.models import Record
from budgets.books.sweeping import differences, sweep
from budgets.ledger import Ledger
from budgets.ledger.settling import Unreserved
from budgets.models import Counter, Hold, LedgerEntry, Limit
from budgets.types import Granted, Spend
from tests.budgets.books import answer, elsewhere, request, settlement, spend
from tests.budgets.tables import books, new_limit
from tests.budgets.test_reserving import granted

pytestmark = pytest.mark.anyio

entries = sync_to_async(lambda: list(LedgerEntry.objects.order_by("id")))


@sync_to_async
def records(held: Granted | Spend) -> list[Record]:
    return list(Record.objects.filter(operation_id=held.operation_id))


async def record(held: Granted | Spend) -> Record:
    """The one record of an operation."""
    (only,) = await records(held)
    return only


async def test_settling_turns_a_hold_into_what_it_cost(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    held = await granted(ledger, spend("account:1", amount=60, tokens=9, hop=1))
    await ledger.settle(settlement(held, amount=25, tokens=4))
    assert await books(month) == (25, 0)
    assert await sync_to_async(Hold.objects.count)() == 0
    (entry,) = await entries()
    assert (entry.operation_id, entry.hop, entry.kind) == (held.operation_id, 1, "charge")
    assert (entry.amount_nano, entry.overrun_nano, entry.tokens, entry.outcome) == (25, 0, 4, "success")
    assert entry.account_id == 1


async def test_what_the_sandbox_made_up_counts_and_stands_apart_in_counter_and_entry(ledger: Ledger) -> None:
    money, calls = await new_limit("account:1", 100), await new_limit("key:1", 9, measure="requests")
    made_up = await granted(ledger, spend("account:1", "key:1", amount=60, is_sandbox=True))
    billed = await granted(ledger, spend("account:1", "key:1", amount=30))
    await ledger.settle(settlement(made_up, amount=25))
    await ledger.settle(settlement(billed, amount=7))
    counters = {row.limit_id: row for row in await sync_to_async(lambda: list(Counter.objects.all()))()}
    assert (counters[money.pk].spent, counters[money.pk].sandbox) == (32, 25)
    assert (counters[calls.pk].spent, counters[calls.pk].sandbox) == (2, 1)
    assert [(entry.amount_nano, entry.is_sandbox) for entry in await entries()] == [(25, True), (7, False)]
    assert [(await record(held)).is_sandbox for held in (made_up, billed)] == [True, False]


async def test_the_record_is_what_the_hold_and_the_settlement_say_together(ledger: Ledger) -> None:
    wanted = spend(amount=60, requested_model="policy:code", model="a:first", tags=("x", "y"), ip="10.0.0.1")
    await ledger.settle(settlement(await granted(ledger, wanted), amount=25, model="a:second", ttft_ms=80))
    made = await record(wanted)
    assert (made.requested_model, made.tags, made.ip) == ("policy:code", ["x", "y"], "10.0.0.1")
    assert (made.model, made.ttft_ms, made.cost_nano, made.outcome) == ("a:second", 80, 25, "success")
    assert made.created_at == wanted.request[1]


async def test_the_entry_and_the_record_are_joined_by_operation(ledger: Ledger) -> None:
    first = spend(amount=60)
    await ledger.settle(elsewhere(await granted(ledger, first), amount=10))
    second = spend(amount=60, operation_id=first.operation_id, hop=1)
    await ledger.settle(settlement(await granted(ledger, second), amount=20, cost_nano=30))
    charged = [
        entry.amount_nano for entry in await entries() if entry.operation_id == (await record(first)).operation_id
    ]
    assert (charged, (await record(first)).cost_nano) == ([10, 20], 30)


async def test_a_hop_of_a_request_that_went_on_elsewhere_is_charged_without_a_record(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    held = await granted(ledger, spend("account:1", amount=60))
    await ledger.settle(elsewhere(held, amount=25))
    assert await books(month) == (25, 0)
    assert await records(held) == []


async def test_settling_twice_changes_nothing(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    held = await granted(ledger, spend("account:1", amount=60))
    await asyncio.gather(*(ledger.settle(settlement(held, amount=25)) for _ in range(5)))
    await ledger.settle(settlement(held, amount=60))
    assert await books(month) == (25, 0)
    assert [entry.amount_nano for entry in await entries()] == [25]
    assert (await record(held)).cost_nano == 25


async def test_in_one_batch_the_first_of_two_settlements_counts(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    held = await granted(ledger, spend("account:1", amount=60))
    other = await granted(ledger, spend("account:1", amount=20))
    await ledger._send_settle([settlement(held, amount=25), settlement(other, amount=5), settlement(held, amount=60)])
    assert await books(month) == (30, 0)
    assert (await record(held)).cost_nano == 25


async def test_what_the_upstream_asks_beyond_the_hold_is_kept_but_not_charged(ledger: Ledger) -> None:
    month, tokens = await new_limit("account:1", 100), await new_limit("account:1", 100, "tokens")
    held = await granted(ledger, spend("account:1", amount=60, tokens=50))
    await ledger.settle(settlement(held, amount=75, tokens=70))
    assert (await books(month), await books(tokens)) == ((60, 0), (50, 0))
    (entry,) = await entries()
    assert (entry.amount_nano, entry.overrun_nano, entry.tokens) == (60, 15, 50)


async def test_a_settlement_of_nothing_that_is_known_is_told_and_changes_nothing(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    month = await new_limit("account:1", 100)
    held = await granted(ledger, spend("account:1", amount=60))
    stranger = spend("account:1")
    await asyncio.gather(ledger.settle(settlement(stranger, amount=7)), ledger.settle(settlement(held, amount=25)))
    assert await books(month) == (25, 0)
    assert await records(stranger) == []
    assert [f"missing={settlement(stranger, amount=7)!r}" in line.message for line in caplog.records] == [True]


async def test_a_settlement_whose_caller_leaves_is_settled_all_the_same(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    held = [await granted(ledger, spend("account:1", amount=10)) for _ in range(3)]
    settling = [asyncio.create_task(ledger.settle(settlement(each, amount=5))) for each in held]
    await asyncio.sleep(0)
    for each in settling:
        each.cancel()
    await ledger.stop()
    assert await books(month) == (15, 0)


# --- what the database does not take


async def test_a_record_that_cannot_be_written_costs_no_neighbour_and_no_money(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    month = await new_limit("account:1", 100)
    held = [await granted(ledger, spend("account:1", amount=10)) for _ in range(4)]
    bad: list[dict[str, Any]] = [{"provider": "\0"}, {"attempts": "{"}, {"latency_ms": "slow"}, {}]
    await asyncio.gather(
        *(ledger.settle(settlement(each, amount=5, **why)) for each, why in zip(held, bad, strict=True))
    )
    assert await books(month) == (20, 0)
    assert [len(await records(each)) for each in held] == [0, 0, 0, 1]
    assert sum("rejected=Settlement" in line.message for line in caplog.records) == 3
    assert await sync_to_async(differences)() == []


async def test_a_settlement_that_cannot_be_booked_leaves_its_hold_to_the_sweep(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    month = await new_limit("account:1", 100)
    held, good = [await granted(ledger, spend("account:1", amount=10, lease_s=-1)) for _ in range(2)]
    await asyncio.gather(ledger.settle(settlement(held, amount=-5)), ledger.settle(settlement(good, amount=5)))
    assert await books(month) == (5, 10)
    assert "rejected=Settlement" in caplog.text
    assert await sync_to_async(sweep)() == 1
    assert await books(month) == (15, 0)


# --- records without a hold


async def test_a_request_that_never_had_a_hold_is_recorded_once(ledger: Ledger) -> None:
    nobody = spend()
    facts = request(nobody.operation_id, requested_model="none").row(), answer(outcome="failure", http_status=422).row()
    await asyncio.gather(*(ledger.record(*facts) for _ in range(3)))
    await ledger.record(facts[0], answer(outcome="success").row())
    made = await record(nobody)
    assert (made.requested_model, made.outcome, made.http_status) == ("none", "failure", 422)
    assert await entries() == []


async def test_records_and_settlements_share_a_batch_and_a_bad_record_fails_alone(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    held = await granted(ledger, spend())
    good, bad = spend(), spend()
    await asyncio.gather(
        ledger.settle(settlement(held)),
        ledger.record(request(good.operation_id).row(), answer().row()),
        ledger.record(request(bad.operation_id, session="\0").row(), answer().row()),
    )
    assert [len(await records(each)) for each in (held, good, bad)] == [1, 1, 0]
    assert "rejected=Unreserved" in caplog.text
    assert ledger._settle.batches == 1


async def test_two_records_of_one_operation_in_one_batch_are_one(ledger: Ledger) -> None:
    nobody, both = spend(), spend()
    unreserved = Unreserved(request=request(nobody.operation_id).row(), answer=answer(http_status=429).row())
    holds = [await granted(ledger, spend(operation_id=both.operation_id, hop=hop)) for hop in range(2)]
    await ledger._send_settle([unreserved, *(settlement(held, amount=3) for held in holds), unreserved])
    assert ((await record(nobody)).http_status, (await record(both)).cost_nano) == (429, 3)
    assert [entry.amount_nano for entry in await entries()] == [3, 3]
    assert ledger._spool.files() == []


# --- whatever the order


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "reserve", "settle", "elsewhere", "settle again", "expire", "late"]),
        st.integers(0, 60), st.booleans(), st.integers(0, 5),
    ),
    max_size=25,
)  # fmt: skip
AMOUNTS = {"account:1": 100, "key:7": 70}


class Model:
    """What the books must say: plain numbers beside the database."""

    def __init__(self) -> None:
        self.figures = {scope: [0, 0] for scope in AMOUNTS}
        self.open: list[tuple[Spend, int]] = []
        self.settled: list[tuple[Spend, int]] = []
        self.swept: list[tuple[Spend, int]] = []

    def fits(self, scopes: tuple[str, ...], amount: int) -> bool:
        return all(sum(self.figures[scope]) + amount <= AMOUNTS[scope] for scope in scopes)

    def move(self, held: Spend, spent: int, reserved: int) -> None:
        for scope in held.scopes:
            self.figures[scope][0] += spent
            self.figures[scope][1] += reserved


async def _step(ledger: Ledger, model: Model, action: str, amount: int, both: bool, which: int) -> None:
    scopes: tuple[str, ...] = ("account:1", "key:7") if both else ("account:1",)
    if action == "reserve":
        wanted = spend(*scopes, amount=amount)
        fits = model.fits(scopes, amount)
        assert isinstance(await ledger.reserve(wanted), Granted) == fits
        if fits:
            model.open.append((wanted, amount))
            model.move(wanted, 0, amount)
    elif action in {"settle", "elsewhere"} and model.open:
        held, reserved = model.open.pop(which % len(model.open))
        await ledger.settle(settlement(held, amount) if action == "settle" else elsewhere(held, amount))
        model.settled.append((held, reserved))
        model.move(held, min(amount, reserved), -reserved)
    elif action == "settle again" and model.settled:
        await ledger.settle(settlement(model.settled[which % len(model.settled)][0], amount))
    elif action == "expire" and model.open:
        held, reserved = model.open.pop(which % len(model.open))
        await sync_to_async(Hold.objects.filter(operation_id=held.operation_id).update)(lease_until="2026-01-01T00:00Z")
        assert await sync_to_async(sweep)() == 1
        model.swept.append((held, reserved))
        model.move(held, reserved, -reserved)
    elif action == "late" and model.swept:
        held, charged = model.swept.pop(which % len(model.swept))
        await ledger.settle(settlement(held, amount))
        model.settled.append((held, charged))
        model.move(held, min(amount, charged) - charged, 0)


@given(STEPS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_books_follow_a_model_of_themselves(ledger: Ledger, steps: list[tuple[str, int, bool, int]]) -> None:
    """Spent and reserved of two limits after any sequence of reserving, settling, sweeping and settling too late."""
    await sync_to_async(Limit.objects.all().delete)()
    await sync_to_async(Hold.objects.all().delete)()
    limits = {scope: await new_limit(scope, amount, counts_earlier=False) for scope, amount in AMOUNTS.items()}
    model = Model()
    for step in steps:
        await _step(ledger, model, *step)
        for scope, row in limits.items():
            assert list(await books(row)) == model.figures[scope]
    assert await sync_to_async(differences)() == []


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.booleans()), min_size=1, max_size=40),
    st.integers(1, 5),
)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_at_once_no_limit_is_passed_and_the_ledger_is_what_was_spent(
    ledger: Ledger, requests: list[tuple[int, int, bool]], wait: int
) -> None:
    """Any number of requests side by side, in batches as they come."""
    await sync_to_async(Limit.objects.all().delete)()
    limits = {scope: await new_limit(scope, amount, counts_earlier=False) for scope, amount in AMOUNTS.items()}

    async def one(at: int, ceiling: int, cost: int, both: bool) -> int:
        await asyncio.sleep(at % wait / 1000)
        scopes = ("account:1", "key:7") if both else ("account:1",)
        held = await ledger.reserve(spend(*scopes, amount=ceiling))
        for row in limits.values():
            assert sum(await books(row)) <= row.amount
        if not isinstance(held, Granted):
            return 0
        await ledger.settle(settlement(held, amount=cost))
        return min(ceiling, cost)

    spent = sum(await asyncio.gather(*(one(at, *each) for at, each in enumerate(requests))))
    assert await books(limits["account:1"]) == (spent, 0)
    assert await sync_to_async(differences)() == []
