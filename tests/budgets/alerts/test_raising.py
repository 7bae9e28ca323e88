"""One row for each matter and period, told once for each graver state, however many see it at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from budgets.alerts import outbox
from budgets.alerts.raising import acknowledge, raise_alert, settle
from budgets.alerts.types import Finding
from budgets.models import Alert, Delivery
from routerhub.tenancy.scope import system
from tests.budgets.alerts.findings import MARCH, channel, finding, of
from tests.budgets.alerts.receivers import Receiver
from tests.cast import Cast


@pytest.mark.django_db
def test_a_matter_is_told_once_and_once_more_when_it_gets_graver() -> None:
    assert [raise_alert(finding(state=state)) for state in ("near", "near", "triggered", "triggered", "near")] == [
        True, False, True, False, False,
    ]  # fmt: skip
    assert Alert.objects.get().state == "triggered"


@pytest.mark.django_db
def test_a_new_period_and_another_matter_are_alerts_of_their_own(cast: Cast) -> None:
    others: tuple[dict[str, Any], ...] = (
        {},
        {"period_start": MARCH + timedelta(days=31)},
        {"subject": "limit:13"},
        {"user_id": cast.ada.user.pk},
    )
    assert [raise_alert(finding(**each)) for each in others] == [True] * 4
    assert raise_alert(of(cast.ada))
    assert Alert.objects.count() == 5


@pytest.mark.django_db
def test_what_is_acknowledged_stays_so_until_it_gets_graver(cast: Cast) -> None:
    raise_alert(finding())
    alert = Alert.objects.get()
    acknowledge(alert, cast.ada.user)
    acknowledge(alert, cast.ben.user)
    assert (alert.state, alert.acknowledged_by) == ("acknowledged", cast.ada.user)
    assert not raise_alert(finding())
    assert Alert.objects.get().state == "acknowledged"
    assert raise_alert(finding(state="triggered"))
    alert.refresh_from_db()
    assert (alert.state, alert.acknowledged_by, alert.acknowledged_at) == ("triggered", None, None)


@pytest.mark.django_db
def test_what_is_well_again_is_told_when_it_is_found_once_more() -> None:
    raise_alert(finding())
    settle("limit:12", MARCH)
    assert Alert.objects.get().state == "ok"
    assert raise_alert(finding())
    assert Alert.objects.get().state == "near"


@pytest.mark.django_db
def test_it_goes_to_the_channels_of_whom_it_concerns(cast: Cast) -> None:
    own, hers = channel(cast.ada, name="own", user=cast.ada.user), channel(cast.ada)
    channel(cast.ada, name="off", is_active=False)
    channel(cast.ada, name="Ben's", user=cast.ben.user)
    site = channel()
    channel(cast.cy)
    ada = {"user_id": cast.ada.user.pk}
    told = {
        "account": (of(cast.ada), {hers}),
        "member": (of(cast.ada, **ada), {own, hers}),
        "own affair": (of(cast.ada, kind="spend", subject="rule:1", **ada), {own}),
        "person": (finding(**ada), {own}),
        "site": (finding(), {site}),
    }
    for matter, (found, channels) in told.items():
        assert raise_alert(found), matter
        sent = Delivery.objects.filter(alert=Alert.objects.latest("id"))
        assert {each.channel for each in sent} == channels, matter
        assert len({each.message_id for each in sent}) == 1, matter


@pytest.mark.django_db
def test_named_channels_are_told_alone_and_all_where_none_is_left(cast: Cast) -> None:
    own, hers = channel(cast.ada, name="own", user=cast.ada.user), channel(cast.ada)
    spend = of(cast.ada, kind="spend", user_id=cast.ada.user.pk)
    raise_alert(spend, [hers.pk])
    assert Delivery.objects.get().channel == hers
    named = hers.pk
    hers.delete()
    Alert.objects.all().delete()
    raise_alert(spend, [named])
    assert Delivery.objects.get().channel == own


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["left", "deactivated"])
def test_who_left_is_told_nothing_of_the_account_any_more(cast: Cast, change: str) -> None:
    own = channel(cast.ben, name="own", user=cast.ben.user)
    if change == "left":
        cast.ben.user.memberships.update(is_active=False)
    else:
        cast.ben.user.is_active = False
        cast.ben.user.save()
    raise_alert(of(cast.ben, user_id=cast.ben.user.pk))
    raise_alert(of(cast.ben, kind="spend", subject="rule:1", user_id=cast.ben.user.pk), [own.pk])
    assert not Delivery.objects.exists()


@pytest.mark.django_db
def test_a_message_tells_the_figures() -> None:
    channel()
    raise_alert(finding(kind="forecast", subject="forecast:12", figures={"passes_on": "2026-03-24"}))
    content = Delivery.objects.get().content
    assert content["type"] == "alert.near"
    assert content["data"]["figures"] == {"passes_on": "2026-03-24"}
    assert content["data"]["subject"] == "forecast:12"


@pytest.mark.django_db(transaction=True)
def test_sixteen_that_cross_together_leave_one_row_and_one_delivery(receiver: Receiver) -> None:
    channel(url=receiver.url)

    def cross(found: Finding) -> bool:
        try:
            with system():
                is_first = raise_alert(found)
                outbox.send_due()
            return is_first
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as crowd:
        for state in ("near", "triggered"):
            assert sorted(crowd.map(cross, [finding(state=state)] * 16)) == [False] * 15 + [True]
    assert Alert.objects.get().state == "triggered"
    assert [each.content["type"] for each in Delivery.objects.order_by("id")] == ["alert.near", "alert.triggered"]
    assert len({got.headers["webhook-id"] for got in receiver.got}) == len(receiver.got) == 2


@pytest.mark.django_db(transaction=True)
def test_who_fails_after_raising_has_told_nobody() -> None:
    channel()

    def fail() -> None:
        with transaction.atomic():
            raise_alert(finding())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not Alert.objects.exists()
    assert not Delivery.objects.exists()
