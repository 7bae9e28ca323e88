"""Whether spend keeps within the limits of accounts and of the site."""

from datetime import UTC, datetime, timedelta

import pytest

from budgets.limits.keeping import keeping
from budgets.models import Limit, LimitForecast
from tests.budgets.tables import limit
from tests.cast import Cast

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)


def spent(row: Limit, amount: int) -> Limit:
    row.counters.create(measure="money", period="month", period_start=START, spent=amount)
    return row


def test_full_ones_and_those_expected_to_be_passed_are_named(cast: Cast) -> None:
    acme, other = (f"account:{member.account.pk}" for member in (cast.ada, cast.cy))
    spent(limit("site:", 1_000), 500)
    spent(limit(acme, 100), 100)
    passing = spent(limit(other, 100), 60)
    limit("tag:night", 1)
    limit("account:*", 1)
    limit(other, 5, measure="tokens")
    LimitForecast.objects.create(
        limit=passing, period_start=START, period_end=END, made_at=NOW - timedelta(minutes=5), history_hours=99,
        spent=60, expected=110, low=90, high=130, passes_at=END,
    )  # fmt: skip
    found = keeping(None, NOW)
    assert (found.limits, found.full, found.passing, found.fullest_share) == (
        3, ("account acme",), ("account other",), 100,
    )  # fmt: skip
    assert found.is_kept is False
    own = keeping({cast.cy.account.pk}, NOW)
    assert (own.limits, own.full, own.passing, own.fullest_share) == (1, (), ("account other",), 60)


def test_where_all_is_well_it_is_kept_and_without_a_limit_nothing_is_said(cast: Cast) -> None:
    assert keeping(None, NOW).is_kept is None
    spent(limit(f"account:{cast.ada.account.pk}", 100), 50)
    assert (keeping(None, NOW).is_kept, keeping([cast.cy.account.pk], NOW).is_kept) == (True, None)
