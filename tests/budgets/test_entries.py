"""What an entry tells of its charge, and that nobody changes it."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import IntegrityError, connection, transaction
from django.utils.timezone import now

from budgets.books.credits import Credit, give
from budgets.books.sweeping import sweep
from budgets.ledger import Ledger
from budgets.models import Account, BilledEntry, BillingLine, BillingRecord, LedgerEntry, Limit
from tests.budgets.books import elsewhere, settlement, spend, usage
from tests.budgets.tables import new_limit
from tests.budgets.test_reserving import granted
from tests.cast import because

SINCE = datetime(2026, 3, 1, tzinfo=UTC)


@sync_to_async
def entry(**wanted: Any) -> LedgerEntry:
    return LedgerEntry.objects.get(**wanted)


@pytest.mark.anyio
async def test_an_entry_tells_price_tokens_by_class_and_scopes_also_when_the_limit_is_gone(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    scopes = ("site:", "account:1", "policy:code", "tag:a")
    held = await granted(ledger, spend(*scopes, amount=60, scopes=scopes, task_type="review"))
    tokens = {"input_tokens": 9, "cache_read_tokens": 2, "cache_write_tokens": 3, "cache_write_1h_tokens": 1,
              "output_tokens": 7, "reasoning_tokens": 4, "audio_input_tokens": 1, "audio_output_tokens": 2,
              "web_searches": 5}  # fmt: skip
    told = usage(model="a:b", provider="p", deployment="p/b", priced_from=SINCE, basis="priced", **tokens)
    await ledger.settle(settlement(held, amount=25, usage=told))
    await sync_to_async(month.delete)()
    found = await entry(operation_id=held.operation_id)
    assert {name: getattr(found, name) for name in tokens} == tokens
    assert (found.deployment, found.priced_from, found.basis) == ("p/b", SINCE, "priced")
    assert (found.model, found.provider, found.task_type, found.category) == ("a:b", "p", "review", "coding")
    assert found.scopes == list(scopes)


@pytest.mark.anyio
async def test_who_died_is_charged_what_was_held_against_its_model_and_what_comes_late_tells_the_rest(
    ledger: Ledger,
) -> None:
    held = await granted(ledger, spend("account:1", amount=60, lease_s=-1, scopes=("account:1",), model="a:b"))
    await sync_to_async(sweep)()
    swept = await entry(operation_id=held.operation_id)
    assert (swept.model, swept.basis, swept.input_tokens, swept.scopes) == ("a:b", "held", 0, ["account:1"])
    await ledger.settle(settlement(held, amount=25, usage=usage(model="a:b", input_tokens=9, priced_from=SINCE)))
    late = await entry(operation_id=held.operation_id, kind="correction")
    assert (late.amount_nano, late.input_tokens, late.priced_from, late.basis) == (-35, 9, SINCE, "priced")
    assert (late.incurred_at, late.model, late.scopes) == (swept.incurred_at, "a:b", ["account:1"])


@pytest.mark.anyio
async def test_what_was_credited_meanwhile_is_not_given_back_twice(ledger: Ledger) -> None:
    held = await granted(ledger, spend("account:1", amount=60, lease_s=-1))
    await sync_to_async(sweep)()
    account = Account(pk=1, slug="one")
    credit = Credit(account=account, amount_nano=50, operation_id=held.operation_id)
    await sync_to_async(give)(credit, because("broken"))
    await ledger.settle(settlement(held, amount=25))
    assert (await entry(operation_id=held.operation_id, kind="correction")).amount_nano == -10


@pytest.mark.anyio
async def test_a_hold_of_which_nothing_was_asked_has_no_basis(ledger: Ledger) -> None:
    held = await granted(ledger, spend("account:1", amount=60))
    await ledger.settle(elsewhere(held, amount=0, tokens=0))
    assert (await entry(operation_id=held.operation_id)).basis == ""


@pytest.mark.anyio
async def test_a_hold_settles_into_the_period_that_reserved_it(ledger: Ledger) -> None:
    """Reserved in the last second of a month, settled in the next one."""
    limit: Limit = await new_limit("account:1", 100)
    held = await granted(ledger, spend("account:1", amount=60))
    before = await sync_to_async(_move_to_last_month)(limit)
    after = await granted(ledger, spend("account:1", amount=10))
    await ledger.settle(settlement(held, amount=25))
    await ledger.settle(settlement(after, amount=7))
    found = {row.period_start: row.spent for row in await sync_to_async(lambda: list(limit.counters.all()))()}
    assert (found.pop(before), list(found.values())) == (25, [7])
    assert (await entry(operation_id=held.operation_id)).incurred_at.month == before.month
    assert (await entry(operation_id=after.operation_id)).incurred_at.month != before.month


def _move_to_last_month(limit: Limit) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE budgets_counter SET period_start = period_start - interval '1 month' WHERE limit_id = %s "
                       "RETURNING period_start", [limit.pk])  # fmt: skip
        (start,) = cursor.fetchone()
        cursor.execute("UPDATE budgets_hold SET created_at = %s + interval '1 month' - interval '1 s'", [start])
    return start  # type: ignore[no-any-return]


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["ledgerentry", "billingrecord", "billingline", "billedentry"])
@pytest.mark.parametrize("deed", ["UPDATE {} SET account_id = 2", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_postgresql_lets_nobody_change_delete_or_empty_the_books(table: str, deed: str) -> None:
    moment = now()
    row = LedgerEntry.objects.create(
        operation_id=uuid.uuid4(), hop=0, kind="charge", account_id=1, amount_nano=1, tokens=1, counters=[],
        outcome="success", settled_at=moment,
    )  # fmt: skip
    record = BillingRecord.objects.create(
        account_id=1, number=1, period_start=moment, period_end=moment, total_nano=1, closed_at=moment, reason="x"
    )
    BillingLine.objects.create(
        record=record, account_id=1, position=1, kind="charge", month="2026-10", is_late=False, entries=1, input_tokens=0,
        output_tokens=0, amount_nano=1, by_ceiling_nano=0,
    )  # fmt: skip
    BilledEntry.objects.create(entry_id=row.pk, record=record, account_id=1)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE budgets_{table} ENABLE TRIGGER never_emptied")
        with pytest.raises(IntegrityError, match=f"budgets_{table} is only ever added to"), transaction.atomic():
            cursor.execute(deed.format(f"budgets_{table}"))
