"""What somebody changes counts in a running process within a second, and it is found out where nobody said so."""

import os
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from autorouter import models
from autorouter.people import preference_sets
from budgets.errors import AccountClosed, KeyRefused, MemberInactive, RevokedKey, UnknownKey
from budgets.limits.index import LimitIndex
from budgets.models import Account, Limit, Membership
from budgets.people.keys import create_key, revoke
from routerhub.audit.change import Change
from routerhub.gateway.snapshots.snapshots import SnapshotKeeper, database_dsn
from routerhub.releases.notify import Listener, announce
from tests.cast import make_cast
from tests.stack import eventually

CHANGE = Change(reason="a test's")
LISTENERS = " FROM pg_stat_activity WHERE query = 'LISTEN routerhub_changes' AND datname = current_database()"
"""Other workers' processes listen to databases of their own."""


@pytest.fixture
def limits() -> list[LimitIndex]:
    return []


@pytest.fixture
def keeper(transactional_db: None, limits: list[LimitIndex]) -> Iterator[SnapshotKeeper]:
    """One that checks everything so seldom that it must hear of each change."""
    running = SnapshotKeeper(database_dsn(), 600, limits.append)
    running.start()
    assert running.wait_for_first(10)
    yield running
    running.stop()


def counts_within_a_second(is_so: Callable[[], bool]) -> None:
    """And another one, since the tests of other workers keep every core busy."""
    eventually(is_so, within_s=2)


def refusal(keeper: SnapshotKeeper, text: str) -> type[KeyRefused] | None:
    try:
        keeper.current.ring.find(text, timezone.now())
    except KeyRefused as refused:
        return type(refused)
    return None


def test_who_is_switched_off_or_removed_has_keys_that_open_nothing_within_a_second(keeper: SnapshotKeeper) -> None:
    ada = make_cast().ada

    def says(expected: type[KeyRefused] | None) -> Callable[[], bool]:
        return lambda: refusal(keeper, ada.text) is expected

    counts_within_a_second(says(None))
    member = Membership.objects.get(user=ada.user)
    for row, field in ((member, "is_active"), (ada.user, "is_active")):
        for is_on, expected in ((False, MemberInactive), (True, None)):
            setattr(row, field, is_on)
            row.save()
            counts_within_a_second(says(expected))
    member.delete()
    counts_within_a_second(says(MemberInactive))


def test_a_new_key_a_revoked_one_and_a_closed_account_count_within_a_second(keeper: SnapshotKeeper) -> None:
    account = Account.objects.create(slug="acme", name="Acme")
    key, text = create_key(account, "new")
    counts_within_a_second(lambda: refusal(keeper, text) is None)
    account.is_active = False
    account.save()
    counts_within_a_second(lambda: refusal(keeper, text) is AccountClosed)
    account.is_active = True
    account.save()
    counts_within_a_second(lambda: refusal(keeper, text) is None)
    revoke(key, CHANGE)
    counts_within_a_second(lambda: refusal(keeper, text) is RevokedKey)
    account.delete()
    counts_within_a_second(lambda: refusal(keeper, text) is UnknownKey)


def test_what_is_rolled_back_never_counts(keeper: SnapshotKeeper) -> None:
    account = Account.objects.create(slug="acme", name="Acme")
    with transaction.atomic():
        _, text = create_key(account, "new")
        transaction.set_rollback(True)
    _, other = create_key(account, "other")
    counts_within_a_second(lambda: refusal(keeper, other) is None)
    assert refusal(keeper, text) is UnknownKey


def test_preferences_and_limits_arrive_too(keeper: SnapshotKeeper, limits: list[LimitIndex]) -> None:
    ada = User.objects.create(username="ada")
    preference_sets.save(models.Preferences(user=ada, priority="cost"), CHANGE)
    counts_within_a_second(lambda: keeper.current.preferences.of(None, ada.pk).priority == "cost")
    limit = Limit.objects.create(kind="site", measure="money", period="day", amount=5 * 10**9)
    announce("limits")
    counts_within_a_second(lambda: limits[-1].by_scope == {"site:": (limit.pk,)})
    assert keeper.current.limits is limits[-1]


def test_the_key_of_a_deleted_person_is_nobodys(keeper: SnapshotKeeper) -> None:
    ada = User.objects.create(username="ada")
    account = Account.objects.create(slug="acme", name="Acme")
    Membership.objects.create(user=ada, account=account)
    _, text = create_key(account, "ada's", ada)
    counts_within_a_second(lambda: refusal(keeper, text) is None)
    ada.delete()
    counts_within_a_second(lambda: keeper.current.ring.find(text, timezone.now()).user_id is None)


def test_a_lost_connection_is_made_again_and_what_was_missed_is_made_up_for(keeper: SnapshotKeeper) -> None:
    account = Account.objects.create(slug="acme", name="Acme")
    _, text = create_key(account, "new")
    counts_within_a_second(lambda: refusal(keeper, text) is None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(pg_terminate_backend(pid))" + LISTENERS)
        assert cursor.fetchone() == (1,)
    # Nobody is told of this one.
    Account.objects.filter(pk=account.pk).update(is_active=False)
    eventually(lambda: refusal(keeper, text) is AccountClosed, within_s=3)


def test_what_nobody_announced_counts_when_everything_is_checked(transactional_db: None) -> None:
    account = Account.objects.create(slug="acme", name="Acme")
    _, text = create_key(account, "new")
    running = SnapshotKeeper(database_dsn(), 1)
    running.start()
    try:
        assert running.wait_for_first(10)
        Account.objects.filter(pk=account.pk).update(is_active=False)
        eventually(lambda: refusal(running, text) is AccountClosed, within_s=3)
    finally:
        running.stop()


def test_it_stops_and_leaves_no_connection(keeper: SnapshotKeeper) -> None:
    keeper.stop()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*)" + LISTENERS)
        assert cursor.fetchone() == (0,)


def test_notifications_of_one_transaction_are_heard_in_one_go(transactional_db: None) -> None:
    nobody, wakes = os.pipe()
    with open(nobody), open(wakes, "w"), Listener(database_dsn()) as listener:
        with transaction.atomic():
            for at in range(200):
                announce(f"keys:{at}")
        heard: list[str] = []
        goes = 0
        while len(heard) < 200:
            heard += listener.heard(5, nobody)
            goes += 1
    assert heard == [f"keys:{at}" for at in range(200)]
    assert goes < 10
