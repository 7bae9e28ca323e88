"""What will be spent until a period ends: from level, growth, week and month's end, and how sure that is."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from budgets.forecasting.projection import MIN_HOURS, project
from budgets.forecasting.season import HOUR, days_of, learn
from tests.bench import forecast as bench

MONDAY = datetime(2026, 5, 4, tzinfo=UTC)
WEEKS = 8
END = MONDAY + timedelta(weeks=WEEKS)


def office(moment: datetime) -> float:
    return (10.0 if 8 <= moment.hour < 18 else 1.0) if moment.weekday() < 5 else 0.5


def test_an_even_spend_goes_on_as_it_is() -> None:
    points = project([10.0] * 24 * 28, MONDAY, MONDAY + timedelta(days=28), MONDAY + timedelta(days=30), UTC)
    assert len(points) == 48
    assert points[0].expected == pytest.approx(10)
    assert points[-1].expected == pytest.approx(480)
    assert points[-1].until == MONDAY + timedelta(days=30)
    assert points[-1].low < 480 < points[-1].high


def test_a_week_has_its_working_days_and_each_day_its_hours() -> None:
    hours = [office(MONDAY + step * HOUR) for step in range(WEEKS * 168)]
    points = project(hours, MONDAY, END, END + timedelta(days=7), UTC)
    whole = sum(hours[:168])
    assert points[-1].expected == pytest.approx(whole, rel=0.02)
    until_friday = points[5 * 24 - 1].expected
    assert until_friday == pytest.approx(whole - 24, rel=0.02)
    assert points[7].expected < 0.2 * points[17].expected


def test_of_the_running_hour_the_rest_is_forecast() -> None:
    now = MONDAY + timedelta(days=28, minutes=45)
    points = project([10.0] * 24 * 28, MONDAY, now, MONDAY + timedelta(days=29), UTC)
    assert points[0].expected == pytest.approx(2.5)
    assert points[-1].expected == pytest.approx(232.5)


def test_what_grows_goes_on_growing() -> None:
    hours = [10 * 1.01 ** (step // 24) for step in range(WEEKS * 168)]
    points = project(hours, MONDAY, END, END + timedelta(days=14), UTC)
    assert points[-1].expected > 14 * 24 * hours[-1]


def test_less_is_said_the_more_a_day_differs_from_the_next() -> None:
    calm = [10.0] * 24 * 28
    wild = [(40.0 if step // 24 % 3 == 0 else 1.0) for step in range(24 * 28)]
    widths = []
    for hours in (calm, wild):
        end = project(hours, MONDAY, MONDAY + timedelta(days=28), MONDAY + timedelta(days=31), UTC)[-1]
        widths.append((end.high - end.low) / end.expected)
    assert widths[1] > 2 * widths[0]


@pytest.mark.parametrize(("hours", "said"), [(0, 0), (MIN_HOURS - 1, 0), (MIN_HOURS, 24)])
def test_too_little_history_says_nothing(hours: int, said: int) -> None:
    now = MONDAY + hours * HOUR
    assert len(project([1.0] * hours, MONDAY, now, now + timedelta(days=1), UTC)) == said


def test_a_little_history_says_little() -> None:
    widths = []
    for days in (2, 28):
        now = MONDAY + timedelta(days=days)
        end = project([1.0] * 24 * days, MONDAY, now, now + timedelta(days=7), UTC)[-1]
        widths.append(end.high / end.low)
    assert widths[0] > 1.3 * widths[1]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "America/New_York"])
def test_the_season_keeps_to_the_clock_of_the_zone_also_over_a_daylight_saving_day(zone: str) -> None:
    clock, begin = ZoneInfo(zone), datetime(2026, 2, 2, tzinfo=UTC)
    end = datetime(2026, 4, 6, tzinfo=UTC)
    hours = [office((begin + step * HOUR).astimezone(clock)) for step in range((end - begin) // HOUR)]
    points = project(hours, begin, end, end + timedelta(days=7), clock)
    coming = [office((end + step * HOUR).astimezone(clock)) for step in range(168)]
    assert points[-1].expected == pytest.approx(sum(coming), rel=0.03)


def test_a_limit_that_nobody_used_for_weeks_is_expected_to_rest() -> None:
    hours = [5.0] * 24 * 7 + [0.0] * 24 * 35
    now = MONDAY + timedelta(days=42)
    assert project(hours, MONDAY, now, now + timedelta(days=7), UTC)[-1].expected < 5 * 24


def test_a_month_s_end_has_a_factor_of_its_own() -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    moments = [begin + step * HOUR for step in range(120 * 24)]
    days = days_of([30.0 if (each + timedelta(days=3)).month != each.month else 10.0 for each in moments], begin, UTC)
    assert learn(days).month_end == pytest.approx(2.5, abs=0.2)
    assert learn(days_of([10.0] * 120 * 24, begin, UTC)).month_end == 1


def test_eight_in_ten_come_true_and_it_is_nearer_than_last_week_repeated_or_a_straight_line() -> None:
    """The bench's own trial in short: see docs/forecast.md for the long one."""
    found = list(bench.tries([1_000], points=(0.25, 0.75)))
    covered, error, naive, linear = bench.figures(found)
    assert len(found) == 80
    assert 75 <= covered <= 85
    assert error < naive
    assert error < linear
