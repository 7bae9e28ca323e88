"""The daily threshold of somebody's preferences is told of like any other alert on own spend."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from autorouter.models import Preferences
from budgets.alerts import watching
from budgets.models import Account, Alert, LedgerEntry, Membership
from budgets.types import NANO
from tests.budgets.alerts.findings import channel
from tests.cast import Cast, Member

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def spent(member: Member, account: Account, usd: int, at: datetime = NOON) -> None:
    LedgerEntry.objects.create(
        operation_id=uuid.uuid4(), hop=0, kind="charge", account_id=account.pk, user_id=member.user.pk,
        amount_nano=usd * NANO, tokens=1, counters=[], outcome="success", settled_at=at, incurred_at=at,
    )  # fmt: skip


def test_a_day_over_the_threshold_is_told_to_the_user_alone(cast: Cast) -> None:
    ada = cast.ada
    own = channel(ada, name="own", user=ada.user)
    channel(ada)
    Preferences.objects.create(user=ada.user, daily_alert_usd=Decimal(10))
    Preferences.objects.create(user=cast.ben.user, daily_alert_usd=None)
    watching.check(NOON - timedelta(seconds=30))
    spent(ada, ada.account, 12)
    spent(cast.ben, ada.account, 12)
    assert watching.check(NOON) == 1
    alert = Alert.objects.get()
    assert (alert.subject, alert.state, alert.account) == (f"daily:{ada.user.pk}", "triggered", ada.account)
    assert [each.channel for each in alert.deliveries.all()] == [own]
    assert watching.check(NOON) == 0
    spent(ada, ada.account, 12, NOON + timedelta(days=1))
    assert watching.check(NOON + timedelta(days=1)) == 1


def test_an_accounts_threshold_is_of_what_all_of_it_spends_and_told_to_the_account(cast: Cast) -> None:
    ada, ben = cast.ada, cast.ben
    of_account = channel(ada)
    channel(ada, name="own", user=ada.user)
    for name, is_active, amount in (("live", True, 20), ("other", False, 1)):
        Preferences.objects.create(account=ada.account, name=name, is_active=is_active, daily_alert_usd=Decimal(amount))
    watching.check(NOON - timedelta(seconds=30))
    spent(ada, ada.account, 12)
    assert watching.check(NOON) == 0, "the other set counts for nothing"
    spent(ben, ada.account, 12)
    assert watching.check(NOON) == 1
    alert = Alert.objects.get()
    assert (alert.account, alert.user, alert.state) == (ada.account, None, "triggered")
    assert alert.title == "The account's spend in a calendar day: $24.00, 120 % of $20.00"
    assert [each.channel for each in alert.deliveries.all()] == [of_account]


def test_it_counts_what_is_spent_in_all_accounts_of_the_user(cast: Cast) -> None:
    Membership.objects.create(user=cast.ada.user, account=cast.cy.account, role="member")
    own = channel(cast.ada, name="own", user=cast.ada.user)
    Preferences.objects.create(user=cast.ada.user, daily_alert_usd=Decimal(10))
    spent(cast.ada, cast.ada.account, 6)
    spent(cast.ada, cast.cy.account, 6)
    watching.check(NOON)
    alert = Alert.objects.get()
    assert (alert.account, alert.user, alert.state) == (None, cast.ada.user, "triggered")
    assert [each.channel for each in alert.deliveries.all()] == [own]
