"""Which limits there are: known by number, read anew when the number is another."""

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction

from budgets.books.sweeping import differences
from budgets.ledger import Ledger
from budgets.limits import index as limits
from budgets.limits.index import UNREAD, LimitIndex
from budgets.models import Limit
from budgets.types import Granted, Refused
from tests.budgets.books import settlement, spend
from tests.budgets.conftest import dsn
from tests.budgets.tables import books, limit, new_limit


def test_the_limits_of_some_scopes_are_sorted_and_each_once() -> None:
    index = LimitIndex(number=1, by_scope={"site:": (9, 4), "account:1": (7,), "key:3": (4, 2)})
    assert index.ids(("account:1", "key:3", "site:", "tag:none")) == (2, 4, 7, 9)
    assert index.ids(()) == ()


def test_a_limit_of_requests_is_left_out_where_the_request_was_counted() -> None:
    index = LimitIndex(
        number=1, by_scope={"account:1": (7, 8), "model:a": (4, 5), "model:b": (6,)}, of_requests=frozenset({4, 6, 8})
    )
    assert index.ids(("account:1", "model:b"), ("account:1", "model:a")) == (6, 7)


@pytest.mark.django_db
def test_an_index_has_the_active_limits_by_scope() -> None:
    day, month, key = limit("account:1", 5, period="day"), limit("account:1", 9), limit("key:3", 1)
    site = limit("site:", 7, "requests")
    Limit.objects.filter(pk=key.pk).update(is_active=False)
    index = limits.load()
    assert index.by_scope == {"account:1": (day.pk, month.pk), "site:": (site.pk,)}
    assert index.of_requests == {site.pk}


@pytest.mark.django_db
def test_without_limits_the_set_has_a_number_all_the_same() -> None:
    index = limits.load()
    assert index.by_scope == {}
    assert index.number > UNREAD.number


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["create", "save", "update", "bulk_create", "delete", "truncate"])
def test_every_change_moves_the_number(change: str) -> None:
    row = limit("account:1", 5)
    before = limits.load().number
    if change == "create":
        limit("account:2", 5)
    elif change == "save":
        row.save()
    elif change == "update":
        Limit.objects.update(amount=6)
    elif change == "bulk_create":
        Limit.objects.bulk_create([Limit(kind="key", subject=str(key), amount=1) for key in range(2)])
    elif change == "delete":
        row.delete()
    else:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # What refers to accounts is checked before.
            cursor.execute("TRUNCATE budgets_limit CASCADE")
    assert limits.load().number > before


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_leaves_the_number_as_it_was() -> None:
    before = limits.load()
    with transaction.atomic():
        limit("account:1", 5)
        assert limits.load().number > before.number
        transaction.set_rollback(True)
    assert limits.load() == before


@pytest.mark.django_db(transaction=True)
def test_a_change_is_announced_when_it_is_committed() -> None:
    with psycopg.connect(dsn(), autocommit=True) as listener:
        listener.execute("LISTEN routerhub_changes")
        with transaction.atomic():
            limit("account:1", 5)
            assert list(listener.notifies(timeout=0.1)) == []
        (told,) = listener.notifies(timeout=5, stop_after=1)
    assert told.payload == "limits"


@pytest.mark.django_db
def test_a_stale_number_reserves_nothing_and_says_so() -> None:
    row = limit("account:1", 5)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT is_stale, verdicts FROM reserve_many("
            "%s, %s, '{1}', '{1}', ARRAY[gen_random_uuid()], '{0}', '{1}', '{null}', '{null}', '{3}', '{3}', '{60}',"
            " ARRAY[null]::analytics_request[], '{null}')",
            [limits.load().number - 1, [row.pk]],
        )
        assert cursor.fetchone() == (True, None)
        cursor.execute("SELECT (SELECT count(*) FROM budgets_hold), (SELECT count(*) FROM budgets_counter)")
        assert cursor.fetchone() == (0, 0)


@pytest.mark.anyio
async def test_a_limit_made_a_moment_ago_counts_at_once(ledger: Ledger) -> None:
    assert isinstance(await ledger.reserve(spend("account:1", amount=10)), Granted)
    await new_limit("account:1", 9)
    assert isinstance(await ledger.reserve(spend("account:1", amount=10)), Refused)


@pytest.mark.anyio
async def test_a_hold_whose_limit_was_deleted_is_settled_and_the_books_balance(ledger: Ledger) -> None:
    gone, site = await new_limit("account:1", 20), await new_limit("site:", 50)
    held = await ledger.reserve(spend("account:1", "site:", amount=10))
    assert isinstance(held, Granted)
    await sync_to_async(gone.delete)()
    await ledger.settle(settlement(held, 7))
    assert await books(site) == (7, 0)
    assert await sync_to_async(differences)() == []


@pytest.mark.anyio
async def test_a_limit_that_is_raised_lowered_switched_off_or_deleted_counts_so_at_once(ledger: Ledger) -> None:
    row = await new_limit("account:1", 9)
    assert isinstance(await ledger.reserve(spend("account:1", amount=10)), Refused)
    change = sync_to_async(Limit.objects.filter(pk=row.pk).update)
    await change(amount=10)
    assert isinstance(await ledger.reserve(spend("account:1", amount=10)), Granted)
    await change(amount=5)
    assert isinstance(await ledger.reserve(spend("account:1", amount=1)), Refused)
    await change(is_active=False)
    assert isinstance(await ledger.reserve(spend("account:1", amount=10)), Granted)
    await change(is_active=True)
    assert isinstance(await ledger.reserve(spend("account:1", amount=10)), Refused)
    await sync_to_async(row.delete)()
    assert isinstance(await ledger.reserve(spend("account:1", amount=10)), Granted)


@pytest.mark.anyio
@pytest.mark.parametrize(("counts_earlier", "room"), [(False, 10), (True, 7)])
async def test_a_limit_whose_measure_changes_begins_anew_with_what_it_counts(
    ledger: Ledger, counts_earlier: bool, room: int
) -> None:
    row = await new_limit("account:1", 10, counts_earlier=counts_earlier)
    held = await ledger.reserve(spend("account:1", amount=10, tokens=3))
    assert isinstance(held, Granted)
    await sync_to_async(Limit.objects.filter(pk=row.pk).update)(measure="tokens")
    assert isinstance(await ledger.reserve(spend("account:1", amount=10, tokens=room)), Granted)
    assert isinstance(await ledger.reserve(spend("account:1", amount=10, tokens=1)), Refused)


@pytest.mark.anyio
async def test_an_index_read_elsewhere_is_taken_when_it_is_newer(ledger: Ledger) -> None:
    await new_limit("account:1", 9)
    index = await sync_to_async(limits.load)()
    ledger.use(index)
    ledger.use(UNREAD)
    assert ledger._reserver.index is index
    assert isinstance(await ledger.reserve(spend("account:1", amount=10)), Refused)
    assert ledger._reserver.index is index


@pytest.mark.anyio
async def test_an_index_of_a_set_that_never_was_is_read_anew(ledger: Ledger) -> None:
    await new_limit("account:1", 9)
    ledger.use(LimitIndex(number=2**62, by_scope={}))
    assert isinstance(await ledger.reserve(spend("account:1", amount=10)), Refused)
