"""A key that gets a new secret, as the processes that have it in memory hear of it."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from budgets.errors import RotatedKey
from budgets.models import Account
from budgets.people.keys import create_key, rotate
from routerhub.gateway.snapshots.snapshots import SnapshotKeeper, database_dsn
from tests.cast import because
from tests.gateway.snapshots.test_keeping import counts_within_a_second, refusal


@pytest.fixture
def keepers(transactional_db: None) -> Iterator[list[SnapshotKeeper]]:
    """Two processes, which check everything so seldom that they must hear of each change."""
    running = [SnapshotKeeper(database_dsn(), 600) for _ in range(2)]
    for each in running:
        each.start()
    assert all(each.wait_for_first(10) for each in running)
    yield running
    for each in running:
        each.stop()


def opens(keeper: SnapshotKeeper, text: str) -> bool:
    return refusal(keeper, text) is None


def test_a_new_secret_counts_within_a_second_in_every_process_and_the_old_one_until_its_end(
    keepers: list[SnapshotKeeper],
) -> None:
    """J15"""
    key, old = create_key(Account.objects.create(slug="acme", name="Acme"), "app")
    for each in keepers:
        counts_within_a_second(partial(opens, each, old))
    until = timezone.now() + timedelta(hours=1)
    new = rotate(key, until, because("yearly"))
    for each in keepers:
        counts_within_a_second(partial(opens, each, new))
        assert each.current.ring.find(old, until - timedelta(seconds=1)).key_id == key.pk
        with pytest.raises(RotatedKey):
            each.current.ring.find(old, until)
