"""How groups of requests did: a page of groups, the others as one, step by step and beside the period before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from analytics.reports import ranges
from analytics.reports.adding import total, without
from analytics.reports.performance import performance
from analytics.reports.types import Page, Report
from analytics.windows import sketches
from analytics.windows.types import Figures, Question
from tests.analytics.rows import insert_many, rolled_up

DAY = datetime(2026, 11, 20, tzinfo=UTC)
WEEK = Question(since=DAY, until=DAY + timedelta(days=7))


def answered(count: int, model: str, day: int = 0, **changes: Any) -> None:
    insert_many(count, **{"created_at": DAY + timedelta(days=day, hours=9), "model": model, "cost_nano": 10, **changes})


FIRST = Page()


def by_model(page: Page = FIRST, **changes: Any) -> Report:
    return performance(replace(WEEK, by=("model",), **changes), page)


@pytest.fixture
def traffic(db: None) -> None:
    answered(5, "a:one", latency_ms=100)
    answered(3, "a:two", day=1, latency_ms=900)
    answered(2, "a:two", day=2, outcome="failure", error_kind="timeout")
    answered(1, "a:three", day=3, cost_nano=500, tags=("night", "batch"))
    answered(4, "a:one", day=-3)
    answered(9, "a:made_up", is_sandbox=True)
    rolled_up()


@pytest.mark.usefixtures("traffic")
def test_groups_come_in_pages_and_the_others_are_one() -> None:
    found = by_model(Page(limit=2, compare=True))
    assert [(group.values, group.figures.requests) for group in found.groups] == [(("a:one",), 5), (("a:two",), 5)]
    assert found.others is not None
    assert (found.others.figures.requests, found.others.figures.cost_nano, found.count) == (1, 500, 3)
    assert (found.total.figures.requests, found.total.before) == (
        11,
        Figures(requests=4, successes=4, timed=4, cost_nano=40),
    )
    assert [group.before.requests for group in found.groups if group.before] == [4, 0]
    last = by_model(Page(limit=2, offset=2))
    assert [group.values for group in last.groups] == [("a:three",)]
    assert last.others is not None
    assert last.others.figures.requests == 10


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize(
    ("order", "first"), [("cost", "a:three"), ("failures", "a:two"), ("latency", "a:two"), ("name", "a:one")]
)
def test_groups_are_ordered_by_what_is_asked_for(order: Any, first: str) -> None:
    assert by_model(Page(order=order)).groups[0].values == (first,)


@pytest.mark.usefixtures("traffic")
def test_steps_and_times_of_groups_and_others_add_up_to_the_whole() -> None:
    found = by_model(Page(limit=1), step="day", distributions=True)
    (one,) = found.groups
    assert [(point.start, point.figures.requests) for point in one.points] == [(DAY, 5)]
    assert found.others is not None
    assert [point.figures.requests for point in found.others.points] == [0, 3, 2, 1]
    assert total([one.figures, found.others.figures]) == found.total.figures
    assert sketches.quantile(found.others.figures.latencies, 0.9) == pytest.approx(900, rel=0.01)
    assert without(found.total.figures, [one.figures]).errors == {"timeout": 2}


@pytest.mark.usefixtures("traffic")
def test_requests_with_several_tags_are_never_summed() -> None:
    found = performance(replace(WEEK, by=("tag",)), Page(limit=1))
    assert (found.groups[0].values, found.others, found.count) == (("batch",), None, 2)
    assert found.total.figures.requests == 11


def test_nothing_is_told_of_nothing(db: None) -> None:
    found = by_model(Page(compare=True))
    assert (found.groups, found.others, found.total.figures, found.total.before) == ((), None, Figures(), Figures())


@pytest.mark.parametrize(
    ("question", "page", "field"),
    [
        ({"by": ("model", "user", "key", "policy")}, {}, "group_by"),
        ({"by": ("model", "model")}, {}, "group_by"),
        ({"by": ("tag", "model")}, {}, "group_by"),
        ({"until": DAY}, {}, "until"),
        ({"since": DAY + timedelta(minutes=1)}, {}, "since"),
        ({"by": ("model",), "step": "5min"}, {"limit": 50}, "step"),
        ({}, {"limit": 0}, "limit"),
        ({}, {"limit": 1_001}, "limit"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_field(
    db: None, question: dict[str, Any], page: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        performance(replace(WEEK, **question), Page(**page))
    assert list(refused.value.message_dict) == [field]


@pytest.mark.parametrize(
    ("since", "until", "began"),
    [
        ((2026, 11, 1), (2026, 12, 1), (2026, 10, 1)),
        ((2026, 1, 1), (2026, 3, 1), (2025, 11, 1)),
        ((2026, 10, 25), (2026, 10, 26), (2026, 10, 24)),
        ((2026, 11, 2), (2026, 11, 9), (2026, 10, 26)),
        ((2026, 11, 2, 6), (2026, 11, 2, 8), (2026, 11, 2, 4)),
    ],
)
def test_the_period_before_is_as_long_on_the_readers_clocks(
    since: tuple[int, ...], until: tuple[int, ...], began: tuple[int, ...]
) -> None:
    """Of whole months as many months; the 25th of October has 25 hours in Berlin, the 24th has 24."""
    zone = ZoneInfo("Europe/Berlin")
    first, last, earlier = (datetime(*each).replace(tzinfo=zone) for each in (since, until, began))  # type: ignore[arg-type]  # noqa: DTZ001
    found = ranges.before(Question(since=first, until=last, zone=zone.key))
    assert (found.since, found.until) == (earlier, first)
