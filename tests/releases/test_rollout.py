"""Releases are numbered once, never changed, pointed at, and handed to a steady share of users."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from routerhub.releases import notify, rollout, store
from routerhub.releases.errors import UnknownRelease
from routerhub.releases.models import Release, Rollout
from routerhub.releases.types import Pointer
from tests.cast import Cast, because
from tests.releases.toys import toy_lines

USERS = [f"user:{number}" for number in range(10_000)]


@pytest.fixture(autouse=True)
def tables() -> Iterator[Mapping[str, Any]]:
    """Two lines whose tables hold one value each."""
    with toy_lines("catalogue", "router") as found:
        yield found


@pytest.fixture
def publish(tables: dict[str, Any]) -> Any:
    """Put a value into the tables of a line and publish them."""

    def published(value: int, line: str = "catalogue") -> int:
        tables[line] = {"value": value}
        return store.publish(line, because(f"value {value}"))

    return published


def live(line: str = "catalogue") -> Pointer:
    return rollout.pointers()[line]


def test_each_line_counts_from_one(db: None, publish: Any) -> None:
    assert [publish(1), publish(2), publish(3, "router"), publish(4)] == [1, 2, 1, 3]
    assert live() == Pointer(line="catalogue", stable=3)
    assert live("router") == Pointer(line="router", stable=1)


def test_a_line_that_nobody_published_on_has_no_pointer(db: None) -> None:
    assert rollout.pointers() == {}


def test_a_bundle_equal_to_the_live_one_makes_no_release(db: None, tables: dict[str, Any]) -> None:
    tables["catalogue"] = {"a": 1, "b": 2}
    first = store.publish("catalogue", because("first"))
    tables["catalogue"] = {"b": 2, "a": 1}
    assert store.publish("catalogue", because("again")) == first
    assert Release.objects.count() == 1
    assert Release.objects.get().reason == "first"


def test_going_back_to_an_older_bundle_by_publishing_is_a_new_release(db: None, publish: Any) -> None:
    assert [publish(1), publish(2), publish(1)] == [1, 2, 3]


def test_a_release_keeps_its_bundle_author_and_reason(cast: Cast, tables: dict[str, Any]) -> None:
    tables["router"] = {"threshold": 85}
    number = store.publish("router", because("raise the threshold", cast.ada.user))
    release = Release.objects.get(line="router", number=number)
    assert store.bundle("router", number) == {"threshold": 85}
    assert (release.author, release.reason) == (cast.ada.user, "raise the threshold")
    moved = Rollout.history.filter(line="router").first()
    assert (moved.history_user, moved.history_change_reason) == (cast.ada.user, "raise the threshold")


def test_rolling_back_points_at_the_older_release_and_keeps_the_newer(db: None, publish: Any) -> None:
    publish(1), publish(2)
    rollout.rollback("catalogue", 1, because("two was wrong"))
    assert live().stable == 1
    assert store.bundle("catalogue", 2) == {"value": 2}
    assert publish(3) == 3


def test_rolling_back_to_zero_is_always_possible(db: None) -> None:
    rollout.rollback("router", 0, because("to the one in the code"))
    assert live("router").stable == 0


def test_rolling_back_ends_a_rollout(db: None, publish: Any) -> None:
    publish(1), publish(2)
    Rollout.objects.update(stable=1, candidate=2, percent=50)
    rollout.rollback("catalogue", 1, because("stop"))
    assert live() == Pointer(line="catalogue", stable=1)


def test_a_release_that_is_not_there_is_named(db: None, publish: Any) -> None:
    publish(1)
    with pytest.raises(UnknownRelease, match="Line router has no release 1"):
        rollout.rollback("router", 1, because("wrong line"))
    with pytest.raises(UnknownRelease, match="Line catalogue has no release 7"):
        store.bundle("catalogue", 7)
    assert "router" not in rollout.pointers()


@pytest.mark.django_db(transaction=True)
def test_storing_at_once_gives_each_its_own_number() -> None:
    def work(value: int) -> int:
        try:
            return store.store("catalogue", {"value": value}, because("at once")).number
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(work, range(12)))
    assert sorted(numbers) == list(range(1, 13))


@pytest.mark.django_db(transaction=True)
def test_others_hear_of_a_release_when_it_is_committed_and_not_before(publish: Any) -> None:
    settings: Any = connection.settings_dict
    address = {"host": settings["HOST"], "port": settings["PORT"], "user": settings["USER"]}
    with psycopg.connect(
        **address, password=settings["PASSWORD"], dbname=settings["NAME"], autocommit=True
    ) as listener:
        listener.execute(f"LISTEN {notify.CHANNEL}")
        with transaction.atomic():
            publish(1, "router")
            assert list(listener.notifies(timeout=0.1)) == []
        (heard,) = listener.notifies(timeout=5, stop_after=1)
    assert heard.payload == "router"


def test_a_tenth_of_the_users_get_the_candidate() -> None:
    pointer = Pointer(line="router", stable=4, candidate=5, percent=10)
    chosen = sum(rollout.pick(pointer, user) == 5 for user in USERS)
    assert 900 <= chosen <= 1_100  # the standard deviation is 30


def test_a_user_keeps_the_same_answer_and_nobody_leaves_while_the_share_grows() -> None:
    at_10 = Pointer(line="router", stable=4, candidate=5, percent=10)
    at_50 = Pointer(line="router", stable=4, candidate=5, percent=50)
    early = {user for user in USERS if rollout.pick(at_10, user) == 5}
    assert early == {user for user in USERS if rollout.pick(at_10, user) == 5}
    assert all(rollout.pick(at_50, user) == 5 for user in early)


def test_each_rollout_begins_with_other_users() -> None:
    first, second = (Pointer(line="router", stable=4, candidate=number, percent=10) for number in (5, 6))
    both = sum(rollout.pick(first, user) == 5 and rollout.pick(second, user) == 6 for user in USERS)
    assert both < 200  # 100 by chance, 1,000 if they were the same


@pytest.mark.parametrize(("percent", "expected"), [(0, {4}), (100, {5})])
def test_none_and_all_mean_none_and_all(percent: int, expected: set[int]) -> None:
    pointer = Pointer(line="catalogue", stable=4, candidate=5, percent=percent)
    assert {rollout.pick(pointer, user) for user in USERS} == expected


def test_without_a_candidate_everybody_gets_the_stable_release() -> None:
    assert rollout.pick(Pointer(line="catalogue", stable=4, percent=50), "user:1") == 4
