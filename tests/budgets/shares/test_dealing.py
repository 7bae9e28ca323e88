"""A limit dealt out over two databases: each share hard by itself, together never more than the whole."""

from collections.abc import Callable

import pytest
from django.db import OperationalError

from budgets.errors import PlaceAway
from budgets.models import Account, Limit, Share, ShareTransfer
from budgets.shares import dealing, moving, places
from budgets.shares.rebalancing import rebalance
from routerhub.audit.errors import ChangeRefused
from tests.budgets.shares.conftest import WHY, shares, use

Deal = Callable[..., Limit]
pytestmark = pytest.mark.django_db(databases=["default", "west"])


def test_the_running_period_stays_at_home_and_new_ones_are_dealt_out(dealt: Deal) -> None:
    limit = dealt(home=70, west=30)
    assert shares(limit) == {"home": 100, "west": 0}
    assert [places.twin(limit.shared_as, alias).share for alias in places.aliases().values()] == [70, 30]


def test_free_room_moves_to_where_it_is_used(dealt: Deal) -> None:
    limit = dealt(home=700, west=300)
    rebalance()
    assert shares(limit)["west"] >= 400  # type: ignore[operator]
    use(limit, "west", 300)
    rebalance()
    found = shares(limit)
    assert found["west"] > 800  # type: ignore[operator]
    assert sum(each or 0 for each in found.values()) == 1000


def test_accounts_are_found_by_what_they_are_called(dealt: Deal) -> None:
    account = Account.objects.create(slug="both", name="Both")
    there = Account.objects.using("west").create(pk=account.pk + 1_000, slug="both", name="Both")
    limit = dealt(home=1, west=1, kind="account", subject=str(account.pk))
    assert places.twin(limit.shared_as, "west").subject == str(there.pk)
    assert account.pk != there.pk


def test_what_the_other_database_does_not_know_is_refused(dealt: Deal) -> None:
    account = Account.objects.create(slug="here", name="Here")
    with pytest.raises(ChangeRefused, match="west does not know the account 'here'"):
        dealt(home=1, west=1, kind="account", subject=str(account.pk))


@pytest.mark.parametrize(
    ("given", "period", "problem"),
    [
        ({"home": 60, "west": 30}, "month", "They make 0.00000009: from 0 on, they make up the limit, 0.0000001"),
        ({"home": 110, "west": -10}, "month", "They make 0.0000001: from 0 on"),
        ({"home": 100}, "month", "home: give one of each of home, west, 0 for none"),
        ({"home": 50, "east": 50}, "month", "home, east: give one of each of home, west"),
        ({"home": 50, "west": 50}, "minute", "A rate is not dealt out"),
    ],
)
def test_shares_that_do_not_make_up_the_limit_are_refused(
    west: str, given: dict[str, int], period: str, problem: str
) -> None:
    limit = Limit.objects.create(kind="site", measure="money", period=period, amount=100)
    with pytest.raises(ChangeRefused, match=problem):
        dealing.deal(limit, given, WHY)
    assert Limit.objects.using("west").count() == 0


def test_a_limit_of_the_other_databases_own_is_not_taken_over(dealt: Deal) -> None:
    Limit.objects.using("west").create(kind="site", measure="money", period="total", amount=5)
    with pytest.raises(ChangeRefused, match="west has a limit of its own"):
        dealt(home=1, west=1)


def test_what_is_on_its_way_is_nobodys_and_arrives_once(dealt: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = dealt(home=1000, west=0)
    with monkeypatch.context() as cut:
        cut.setattr(moving, "deliver", _away)
        rebalance()
    sent = ShareTransfer.objects.get(arrived_at=None)
    assert shares(limit) == {"home": 1000 - sent.amount, "west": 0}
    moving.deliver(sent)
    ShareTransfer.objects.update(arrived_at=None)  # as if the giver had died before it came to know
    assert shares(limit)["west"] == sent.amount
    rebalance()
    assert sum(each or 0 for each in shares(limit).values()) == 1000
    assert ShareTransfer.objects.using("west").filter(pk=sent.pk).count() == 1


def _away(*_: object, **__: object) -> None:
    raise PlaceAway("west", OperationalError("cut off"))


def test_a_share_is_not_taken_below_what_is_used(dealt: Deal) -> None:
    limit = dealt(home=100, west=0)
    use(limit, "home", 95)
    counter = places.running(limit)
    assert moving.take(limit, counter, "home", "west", 6) is None
    assert moving.take(limit, counter, "home", "west", 5) is not None


@pytest.mark.parametrize(("amount", "whole"), [(2000, 2000), (500, 500), (100, 300)])
def test_a_limit_that_is_changed_at_home_changes_everywhere_but_never_below_what_is_used(
    dealt: Deal, amount: int, whole: int
) -> None:
    limit = dealt(home=750, west=250)
    rebalance()
    use(limit, "west", 300)
    limit.amount = amount
    limit.save()
    rebalance()
    assert sum(each or 0 for each in shares(limit).values()) == whole
    limit.refresh_from_db()
    away = places.twin(limit.shared_as, "west")
    assert (away.amount, (away.share or 0) + (limit.share or 0)) == (amount, amount)
    assert away.share == amount // 4


def test_without_the_other_place_everything_stays_as_it_is(dealt: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = dealt(home=500, west=500)
    rebalance()
    before = shares(limit)
    twin = places.twin

    def dead(shared_as: object, alias: str) -> Limit:
        if alias == "west":
            raise OperationalError("connection refused")
        return twin(shared_as, alias)  # type: ignore[arg-type]

    with monkeypatch.context() as down:
        down.setattr(places, "twin", dead)
        limit.amount = 2000
        limit.save()
        assert rebalance() == 0
    assert shares(limit) == before
    assert Share.objects.get(place="west").problem == "west does not answer: connection refused"
    rebalance()
    assert sum(each or 0 for each in shares(limit).values()) == 2000
    assert Share.objects.get(place="west").problem == ""


def test_taken_back_home_has_what_nobody_used_and_the_other_place_nothing(dealt: Deal) -> None:
    limit = dealt(home=500, west=500)
    rebalance()
    use(limit, "west", 120)
    twin = places.twin(limit.shared_as, "west")
    dealing.gather(limit, WHY)
    assert places.running(limit).share == 880
    assert (limit.shared_as, limit.share) == (None, None)
    twin.refresh_from_db()
    assert (twin.share, places.running(twin).share) == (0, 120)
    dealing.deal(limit, {"home": 0, "west": 1000}, WHY)
    assert shares(limit) == {"home": 1000, "west": 120}
