"""A key that gets a new secret: the old one works until a moment, exactly, in every process; and each end has its own code."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError

from budgets.errors import KeyRefused, RotatedKey, UnknownKey
from budgets.models import ApiKey
from budgets.people.keys import create_key, digest, find_caller, load_ring, revoke, rotate, save
from tests.cast import Cast, because

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture(autouse=True)
def noon() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def test_the_old_secret_works_until_the_exact_moment_and_then_never(cast: Cast) -> None:
    """J15"""
    new = rotate(cast.ada.key, NOW + HOUR, because("yearly"))
    ring = load_ring()
    assert ring.find(cast.ada.text, NOW + HOUR - SECOND) == ring.find(new, NOW + HOUR - SECOND)
    for late in (NOW + HOUR, NOW + HOUR + SECOND, NOW + 1_000 * HOUR):
        with pytest.raises(RotatedKey, match="this one worked until 2026-11-29 13:00 UTC") as refused:
            ring.find(cast.ada.text, late)
        assert refused.value.code == "key_rotated"
        assert ring.find(new, late).key_id == cast.ada.key.pk


def test_a_rotated_key_stays_the_same_one_to_limits_and_records(cast: Cast) -> None:
    new = rotate(cast.ada.key, NOW + HOUR, because("yearly"))
    assert find_caller(new) == find_caller(cast.ada.text)
    assert ApiKey.objects.get(pk=cast.ada.key.pk).prefix == new[:10]


def test_who_rotates_twice_ends_the_oldest_secret_at_once(cast: Cast) -> None:
    second = rotate(cast.ada.key, NOW + HOUR, because("yearly"))
    third = rotate(cast.ada.key, NOW + HOUR, because("it leaked"))
    with pytest.raises(UnknownKey):
        find_caller(cast.ada.text)
    assert find_caller(second) == find_caller(third)


def test_a_key_that_was_asked_for_before_it_was_there_opens_as_soon_as_it_is(cast: Cast) -> None:
    """J15: that nobody had it is not remembered."""
    text = "rh_made-later"
    with pytest.raises(UnknownKey):
        find_caller(text)
    ApiKey.objects.create(account=cast.ada.account, name="later", prefix=text[:10], digest=digest(text))
    assert find_caller(text).key_name == "later"


def _disable(key: ApiKey) -> None:
    key.is_enabled = False
    save(key, because("a pause"))


def _expire(key: ApiKey) -> None:
    key.expires_at = NOW
    save(key, because("its time is over"))


ENDS: dict[str, Callable[[ApiKey], object]] = {
    "key_revoked": lambda key: revoke(key, because("lost")),
    "key_disabled": _disable,
    "key_expired": _expire,
    "key_rotated": lambda key: rotate(key, NOW, because("it leaked")),
}


@pytest.mark.parametrize("code", ENDS)
def test_each_way_to_end_has_a_code_of_its_own(cast: Cast, code: str) -> None:
    """J15"""
    ENDS[code](cast.ada.key)
    with pytest.raises(KeyRefused) as refused:
        find_caller(cast.ada.text)
    assert refused.value.code == code


def test_a_disabled_key_opens_again_when_it_is_enabled(cast: Cast) -> None:
    _disable(cast.ada.key)
    cast.ada.key.is_enabled = True
    save(cast.ada.key, because("on again"))
    assert find_caller(cast.ada.text).account == "acme"


@pytest.mark.parametrize(
    ("until", "field"), [(NOW + timedelta(days=90, seconds=1), "until"), (datetime.max.replace(tzinfo=UTC), "until")]
)
def test_an_overlap_has_an_end(cast: Cast, until: datetime, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        rotate(cast.ada.key, until, because("for ever"))
    assert list(refused.value.message_dict) == [field]
    assert find_caller(cast.ada.text).key_id == cast.ada.key.pk


def test_a_revoked_key_gets_no_new_secret(cast: Cast) -> None:
    key, _ = create_key(cast.ada.account, "gone")
    revoke(key, because("lost"))
    with pytest.raises(ValidationError, match="make a new one"):
        rotate(key, NOW, because("please"))
