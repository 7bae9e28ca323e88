"""Limits that are near or full and spend that passes an amount are found outside requests, also after a while without looking."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from budgets.alerts import watching, windows
from budgets.models import Alert, AlertRule, Counter, LedgerEntry, Limit
from budgets.types import NANO
from tests.budgets.alerts.findings import channel
from tests.cast import Cast, Member

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = NOON.replace(hour=0)
DAY = timedelta(days=1)


def limit(scope: str = "site:", amount: int = 10 * NANO, **changes: Any) -> Limit:
    kind, _, subject = scope.partition(":")
    return Limit.objects.create(**{"kind": kind, "subject": subject, "period": "day", "amount": amount, **changes})


def counted(row: Limit, spent: float, start: datetime = TODAY, **changes: Any) -> Counter:
    """The limit's counter of a period, at so many dollars."""
    found, _ = Counter.objects.update_or_create(
        limit=row, period_start=start, measure=row.measure, period=row.period,
        defaults={"spent": round(spent * NANO), **changes},
    )  # fmt: skip
    return found


def look(now: datetime = NOON) -> int | None:
    return watching.check(now)


def states() -> list[tuple[str, str]]:
    return list(Alert.objects.order_by("id").values_list("subject", "state"))


@pytest.mark.parametrize(
    ("spent", "state"),
    [(7.99, None), (8, "near"), (9.94, "near"), (9.95, "triggered"), (10, "triggered"), (12, "triggered")],
)
def test_a_limit_is_near_from_its_soft_mark_and_triggered_when_it_is_full(spent: float, state: str | None) -> None:
    row = limit()
    counted(row, spent)
    assert look() == (state is not None)
    assert states() == ([(f"limit:{row.pk}", state)] if state else [])
    assert look() == 0


def test_a_mark_of_ones_own_counts() -> None:
    counted(limit(soft_percent=50), 5)
    assert look() == 1


@pytest.mark.parametrize("changes", [{"is_active": False}, {"amount": 0}, {"period": "minute", "measure": "requests"}])
def test_what_is_off_or_no_budget_is_not_told(changes: Any) -> None:
    row = limit(**changes)
    counted(row, 100, NOON if row.period == "minute" else TODAY)
    assert look() == 0


def test_an_alert_tells_whose_limit_it_is_and_its_figures(cast: Cast) -> None:
    ada = cast.ada
    rows = [
        limit(f"account:{ada.account.pk}"), limit(f"key:{ada.key.pk}", period="month"), limit(f"user:{ada.user.pk}"),
        limit("tag:night", account=ada.account), limit("user:999999"),
    ]  # fmt: skip
    for row in rows:
        counted(row, 9, NOON.replace(day=1, hour=0) if row.period == "month" else TODAY, sandbox=NANO)
    assert look() == 5
    mine = ada.account.pk
    assert list(Alert.objects.order_by("id").values_list("account_id", "user_id", "title")) == [
        (mine, None, "Account Acme, daily limit: $8.00 + $1.00 (sandbox) of $10.00 spent, 90 %"),
        (mine, ada.user.pk, "Key ada's key, monthly limit: $8.00 + $1.00 (sandbox) of $10.00 spent, 90 %"),
        (mine, ada.user.pk, "ada, daily limit: $8.00 + $1.00 (sandbox) of $10.00 spent, 90 %"),
        (mine, None, "Tag night, daily limit: $8.00 + $1.00 (sandbox) of $10.00 spent, 90 %"),
        (None, None, "User 999999, daily limit: $8.00 + $1.00 (sandbox) of $10.00 spent, 90 %"),
    ]
    assert Alert.objects.earliest("id").figures == {
        "spent_usd": "9", "reserved_usd": "0", "limit_usd": "10",
        "sandbox_usd": "1", "percent": 90, "resets_at": "2026-03-11T00:00:00+00:00",
    }  # fmt: skip


def test_periods_are_those_of_the_accounts_zone(cast: Cast) -> None:
    cast.ada.account.timezone = "Asia/Kolkata"
    cast.ada.account.save()
    row = limit("tag:night", account=cast.ada.account, measure="requests", amount=10, mode="soft")
    midnight = NOON.replace(day=9, hour=18, minute=30)
    look(midnight - timedelta(minutes=1))
    for start, used in ((midnight - DAY, 8), (midnight, 12)):
        counted(row, used / NANO, start)
    assert look(midnight + timedelta(seconds=4)) == 2
    told = Alert.objects.get(state="triggered")
    assert (told.period_start, told.title) == (midnight, "Tag night, daily limit: 12 of 10 requests, 120 %")


def test_one_of_each_is_told_by_itself() -> None:
    row = limit("session:*")
    for name in ("a", "b"):
        Counter.objects.create(
            limit=row, subject=name, period_start=TODAY, measure="money", period="day", spent=9 * NANO
        )
    assert look() == 2
    assert states() == [(f"limit:{row.pk}:a", "near"), (f"limit:{row.pk}:b", "near")]


def test_a_raised_limit_is_well_again_and_may_be_told_once_more() -> None:
    row = limit()
    counted(row, 8)
    look()
    Limit.objects.update(amount=20 * NANO)
    assert look() == 0
    assert states() == [(f"limit:{row.pk}", "ok")]
    counted(row, 16)
    assert look() == 1


def test_a_correction_at_the_mark_does_not_tell_it_again() -> None:
    row = limit()
    for spent in (8.01, 7.99, 8.01):
        counted(row, spent)
        look()
    assert states() == [(f"limit:{row.pk}", "near")]
    assert Alert.objects.get().found_at == Alert.objects.get().changed_at


def test_a_period_that_ended_while_nobody_looked_is_told_late_and_the_new_one_by_its_own_spend() -> None:
    row = limit()
    look(NOON - 3 * DAY)
    for days, spent in ((4, 10), (2, 9), (0, 1)):
        counted(row, spent, TODAY - days * DAY)
    assert look() == 1
    assert Alert.objects.get().period_start == TODAY - 2 * DAY
    counted(row, 8.5)
    assert look() == 1


def test_a_limit_that_is_lowered_tells_nothing_of_periods_long_over() -> None:
    row = limit()
    counted(row, 5, TODAY - DAY)
    look()
    Limit.objects.update(amount=5 * NANO)
    assert look(NOON + timedelta(seconds=5)) == 0


def test_one_looks_at_a_time() -> None:
    counted(limit(), 9)
    with CaptureQueriesContext(connection) as queries:
        assert look() == 1
    assert any("SKIP LOCKED" in each["sql"] for each in queries)


# --- one's own spend


def rule(member: Member, amount: str, window: str, **changes: Any) -> AlertRule:
    return AlertRule.objects.create(
        account=member.account, user=member.user, amount_usd=Decimal(amount), window=window, **changes
    )


def spent(member: Member, usd: float, at: datetime, **changes: Any) -> None:
    LedgerEntry.objects.create(
        operation_id=uuid.uuid4(), hop=0, kind="charge", account_id=member.account.pk, user_id=member.user.pk,
        amount_nano=round(usd * NANO), tokens=1, counters=[], outcome="success", settled_at=at, incurred_at=at, **changes,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        ("day", TODAY, TODAY - timedelta(seconds=1)),
        ("week", NOON.replace(day=9, hour=0), NOON.replace(day=8)),
        ("month", NOON.replace(day=1, hour=0), NOON - 10 * DAY),
        ("24h", NOON - DAY, NOON - DAY - timedelta(seconds=1)),
        ("7d", NOON - 7 * DAY, NOON - 7 * DAY - timedelta(seconds=1)),
        ("30d", NOON - 30 * DAY, NOON - 30 * DAY - timedelta(seconds=1)),
    ],
)  # fmt: skip
def test_spend_adds_up_over_its_window(cast: Cast, window: str, inside: datetime, outside: datetime) -> None:
    rule(cast.ada, "10", window)
    look(NOON - timedelta(seconds=30))
    spent(cast.ada, 5, outside)
    spent(cast.ada, 5, inside)
    spent(cast.ada, 2.9, NOON)
    spent(cast.ben, 50, NOON)
    assert look() == 0
    spent(cast.ada, 0.1, NOON)
    assert look() == 1
    spent(cast.ada, 2, NOON)
    assert look() == 1
    alert = Alert.objects.get()
    assert (alert.state, alert.user, alert.account) == ("triggered", cast.ada.user, cast.ada.account)
    assert alert.figures["spent_usd"] == "10"


def test_days_are_those_of_the_accounts_zone(cast: Cast) -> None:
    cast.ada.account.timezone = "Asia/Kolkata"
    cast.ada.account.save()
    row = rule(cast.ada, "10", "day")
    look(NOON.replace(day=9, hour=18))
    spent(cast.ada, 5, NOON.replace(day=9, hour=18, minute=29))
    spent(cast.ada, 9, NOON.replace(day=9, hour=18, minute=30))
    assert look() == 1
    alert = Alert.objects.get(subject=f"rule:{row.pk}")
    assert (alert.period_start, alert.state) == (NOON.replace(day=9, hour=18, minute=30), "near")


def test_what_rolled_out_of_the_window_is_well_again(cast: Cast) -> None:
    rule(cast.ada, "10", "24h")
    look(NOON - timedelta(seconds=30))
    spent(cast.ada, 9, NOON)
    assert [look(), look(NOON + timedelta(hours=23)), look(NOON + timedelta(hours=25))] == [1, 0, 0]
    assert Alert.objects.get().state == "ok"
    spent(cast.ada, 9, NOON + timedelta(hours=26))
    assert look(NOON + timedelta(hours=26)) == 1


def test_a_day_that_ended_while_nobody_looked_is_told_late(cast: Cast) -> None:
    rule(cast.ada, "10", "day")
    look(NOON - 3 * DAY)
    spent(cast.ada, 10, NOON - 2 * DAY)
    spent(cast.ada, 1, NOON)
    assert look() == 1
    assert Alert.objects.get().period_start == TODAY - 2 * DAY


@pytest.mark.parametrize("change", ["off", "left", "deactivated"])
def test_what_is_off_or_no_members_any_more_is_not_told(cast: Cast, change: str) -> None:
    rule(cast.ada, "10", "day", is_active=change != "off")
    spent(cast.ada, 20, NOON)
    if change == "left":
        cast.ada.user.memberships.all().delete()
    elif change == "deactivated":
        cast.ada.user.is_active = False
        cast.ada.user.save()
    look()
    assert states() == []


def test_it_is_told_by_the_channels_of_the_rule(cast: Cast) -> None:
    channel(cast.ada, name="own", user=cast.ada.user)
    hers = channel(cast.ada)
    rule(cast.ada, "10", "day", channels=[hers.pk])
    spent(cast.ada, 20, NOON)
    look()
    assert [each.channel for each in Alert.objects.get().deliveries.all()] == [hers]


def test_a_look_costs_the_same_for_a_hundred_rules_of_people_who_spend_nothing(cast: Cast) -> None:
    asked = []
    for count in (1, 100):
        AlertRule.objects.all().delete()
        for _ in range(count):
            rule(cast.ada, "10", "30d")
        look()
        with CaptureQueriesContext(connection) as queries:
            look(NOON + timedelta(minutes=5))
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_a_day_of_the_clocks_change_and_a_long_month_are_whole() -> None:
    zone = ZoneInfo("America/New_York")
    days = list(windows.spans("day", datetime(2026, 3, 7, 12, tzinfo=UTC), datetime(2026, 3, 9, 12, tzinfo=UTC), zone))
    assert [(each.start.hour, each.end and each.end.hour) for each in days] == [(5, 5), (5, 4), (4, None)]
    months = windows.spans("month", datetime(2026, 1, 31, 12, tzinfo=UTC), datetime(2026, 4, 9, 12, tzinfo=UTC), zone)
    assert [(each.start.month, each.start.day) for each in months] == [(1, 1), (2, 1), (3, 1), (4, 1)]
