"""What is unusual is found, by its measure and size; what is usual is not."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from analytics.anomalies.detection import HISTORY_HOURS, MIN_HOURS, WEEK, find
from analytics.anomalies.types import NONE, Figures
from tests.bench import anomalies as bench

BUSY = Figures(requests=100, failures=1, cost_nano=10**9, latency_ms=1_000)
QUIET = Figures(requests=20, failures=0, cost_nano=10**8, latency_ms=900)


def office(hours: int = HISTORY_HOURS) -> list[Figures]:
    """Busy from eight to six but not on the weekend, the newest hour on a Friday at eleven."""
    ends_at = 4 * 24 + 11
    phases = [(ends_at - (hours - 1 - step)) % WEEK for step in range(hours)]
    return [BUSY if 8 <= phase % 24 < 18 and phase < 120 else QUIET for phase in phases]


def with_newest(hours: list[Figures], count: int = 1, **changes: Any) -> list[Figures]:
    return [*hours[:-count], *(replace(each, **changes) for each in hours[-count:])]


def test_what_is_as_ever_is_not_unusual() -> None:
    assert find(office()) == []


@pytest.mark.parametrize(
    ("changes", "measure", "value", "expected"),
    [
        ({"cost_nano": 5 * 10**9}, "spend", 5e9, 1e9),
        ({"latency_ms": 2_500}, "latency", 2_500, 1_000),
        ({"failures": 30}, "errors", 0.3, 0.01),
    ],
)
def test_an_hour_that_stands_out_is_found_with_what_is_usual(
    changes: dict[str, int], measure: str, value: float, expected: float
) -> None:
    (found,) = find(with_newest(office(), **changes))
    assert (found.measure, found.window_hours, found.requests) == (measure, 1, 100)
    assert found.value == pytest.approx(value)
    assert found.expected == pytest.approx(expected, rel=0.01)
    assert (found.baseline, found.history_hours) == ("hour of the week", HISTORY_HOURS)


@pytest.mark.parametrize("changes", [{"cost_nano": 0}, {"latency_ms": 100}, {"failures": 0}])
def test_less_is_no_news(changes: dict[str, int]) -> None:
    assert find(with_newest(office(), **changes)) == []


def test_a_leak_of_a_day_is_found_in_the_sum_of_its_hours() -> None:
    hours = office()
    leaking = [replace(each, cost_nano=round(each.cost_nano * 2.5)) for each in hours[-24:]]
    assert {each.measure for each in find([*hours[:-24], *leaking])} == {"spend"}


def test_what_is_usual_by_day_is_unusual_at_night() -> None:
    night = office()[:-8]
    assert night[-1] == QUIET
    assert [each.measure for each in find([*night[:-1], replace(BUSY, requests=20)])] == ["spend"]


def test_what_lasts_for_days_becomes_usual() -> None:
    hours = office()
    grown = [replace(each, cost_nano=round(each.cost_nano * 1.7)) for each in hours[-120:]]
    assert find([*hours[:-120], *grown]) == []


def test_with_days_of_history_it_is_compared_with_the_hour_of_the_day() -> None:
    hours = office(7 * 24)
    assert find(hours) == []
    (found,) = find(with_newest(hours, cost_nano=40 * 10**9))
    assert found.baseline == "hour of the day"


@pytest.mark.parametrize("known", [0, 1, MIN_HOURS])
def test_with_less_nothing_is_said(known: int) -> None:
    hours = [NONE] * (HISTORY_HOURS - known) + [BUSY] * known
    assert find(with_newest(hours, cost_nano=10**12) if known else hours) == []


def test_a_few_requests_say_nothing_of_latency_and_errors() -> None:
    few = [replace(QUIET, requests=1) for _ in range(HISTORY_HOURS)]
    assert find(with_newest(few, latency_ms=90_000, failures=1)) == []


def test_lumps_where_mostly_nothing_is_spent_are_no_news_but_a_larger_one_is() -> None:
    random = Random(1)
    hours = [Figures(requests=1, cost_nano=10**9 * (random.random() < 0.06)) for _ in range(HISTORY_HOURS)]
    assert find(with_newest(hours, cost_nano=10**9)) == []
    assert [each.measure for each in find(with_newest(hours, cost_nano=20 * 10**9))] == ["spend"]


def test_nearly_all_that_is_put_in_is_found_and_hardly_anything_else() -> None:
    """The bench's own trial in short: see docs/forecast.md for the long one."""
    recalls = {name: recall for name, recall, _ in bench.recalls([1], ["office"])}
    assert sum(recalls.values()) / len(recalls) >= 0.8
    assert bench.alarms([1], ["office"], hours=12) == 0
