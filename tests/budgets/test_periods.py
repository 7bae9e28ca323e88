"""Periods as PostgreSQL works them out, against Python's own zones: days of 23 and 25 hours, half hours, leap years."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as some

ZONES = (
    "UTC", "Asia/Kolkata", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Africa/Cairo",
    "America/Santiago", "Pacific/Apia", "Pacific/Kiritimati",
)  # fmt: skip
PERIODS = ("hour", "day", "week", "month", "days", "range")
ANCHOR, LAST = date(2024, 2, 27), date(2024, 3, 31)
moments = some.integers(1_293_840_000, 1_956_528_000).map(lambda second: datetime.fromtimestamp(second, UTC))


def period_in_database(period: str, moment: datetime, zone: str, every_days: int | None = 7) -> tuple[Any, Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s, budget_period_end(%s, s, %s, %s, %s) FROM budget_period_start(%s, %s, %s, %s, %s, %s) s",
            [period, zone, every_days, LAST, period, moment, zone, every_days, ANCHOR, LAST],
        )
        start, end = cursor.fetchone()
        return start, end


def midnight(day: date, zone: str) -> datetime:
    """The first moment of a day: where clocks skip its midnight, that is read by the clock before the gap."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def days_of(period: str, day: date, every_days: int) -> tuple[date, date] | None:
    """First day of the period that a day is in, and the first one after it."""
    if period == "day":
        return day, day + timedelta(1)
    if period == "week":
        first = day - timedelta(day.weekday())
        return first, first + timedelta(7)
    if period == "month":
        return day.replace(day=1), (day.replace(day=1) + timedelta(31)).replace(day=1)
    if period == "days":
        first = ANCHOR + (day - ANCHOR) // timedelta(every_days) * timedelta(every_days)
        return first, first + timedelta(every_days)
    return (ANCHOR, LAST + timedelta(1)) if ANCHOR <= day <= LAST else None


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ZONES)
def test_days_weeks_months_and_ranges_begin_at_midnight_in_the_zone(zone: str) -> None:
    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(moments, some.sampled_from(PERIODS[1:]), some.integers(1, 400))
    def check(moment: datetime, period: str, every_days: int) -> None:
        days = days_of(period, moment.astimezone(ZoneInfo(zone)).date(), every_days)
        expected = tuple(midnight(day, zone) for day in days) if days else (None, None)
        assert period_in_database(period, moment, zone, every_days)[: 2 if days else 1] == expected[: 2 if days else 1]

    check()


def changes_of_clocks(zone: str) -> Iterator[datetime]:
    """Moments around each change of the clocks in two years, half an hour apart."""
    at, step = datetime(2025, 1, 1, tzinfo=UTC), timedelta(hours=1)
    while at < datetime(2027, 1, 1, tzinfo=UTC):
        if at.astimezone(ZoneInfo(zone)).utcoffset() != (at + step).astimezone(ZoneInfo(zone)).utcoffset():
            yield from (at + timedelta(minutes=30 * halves) for halves in range(-52, 54))
        at += step


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe", "America/Havana", "Africa/Cairo"])
@pytest.mark.parametrize("period", ["hour", "day"])
def test_around_a_change_of_the_clocks_every_moment_is_in_one_period(zone: str, period: str) -> None:
    found = [(moment, *period_in_database(period, moment, zone)) for moment in changes_of_clocks(zone)]
    assert all(start <= moment < end for moment, start, end in found)
    assert all(one[1] <= next_[1] for one, next_ in pairwise(found) if one[0] < next_[0])
    lengths = {end - start for _, start, end in found}
    if period == "hour":
        assert lengths == {timedelta(hours=1)}
    elif zone != "Australia/Lord_Howe":
        assert lengths == {timedelta(hours=hours) for hours in (23, 24, 25)}
    else:
        assert lengths == {timedelta(hours=hours) for hours in (23.5, 24, 24.5)}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("day", "zone", "period", "start", "end"),
    [
        ("2026-01-31T12:00Z", "UTC", "month", "2026-01-01T00:00Z", "2026-02-01T00:00Z"),
        ("2028-02-29T12:00Z", "UTC", "month", "2028-02-01T00:00Z", "2028-03-01T00:00Z"),
        ("2026-12-31T20:00Z", "Asia/Kolkata", "month", "2026-12-31T18:30Z", "2027-01-31T18:30Z"),
        ("2026-03-08T12:00Z", "America/New_York", "day", "2026-03-08T05:00Z", "2026-03-09T04:00Z"),
        ("2026-11-01T12:00Z", "America/New_York", "day", "2026-11-01T04:00Z", "2026-11-02T05:00Z"),
        ("2026-11-01T06:30Z", "America/New_York", "hour", "2026-11-01T06:00Z", "2026-11-01T07:00Z"),
        ("2027-01-01T00:00Z", "Europe/Berlin", "week", "2026-12-27T23:00Z", "2027-01-03T23:00Z"),
        ("2024-02-26T12:00Z", "UTC", "days", "2024-02-20T00:00Z", "2024-02-27T00:00Z"),
    ],
)  # fmt: skip
def test_periods_that_others_got_wrong(day: str, zone: str, period: str, start: str, end: str) -> None:
    found = period_in_database(period, datetime.fromisoformat(day), zone)
    assert found == (datetime.fromisoformat(start), datetime.fromisoformat(end))
