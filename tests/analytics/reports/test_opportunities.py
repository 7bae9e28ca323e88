"""Where a cheaper model does as well: only where that is sure, and never by chance among many comparisons."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from analytics.reports.comparing import Days, compared
from analytics.reports.opportunities import opportunities
from analytics.windows.types import Question
from tests.analytics.rows import insert_many, rolled_up
from tests.cast import Cast

DAY = datetime(2026, 11, 1, tzinfo=UTC)
NANO = 10**9


def days(model: str, cost: int, share: float = 0.99, requests: Sequence[int] = (100,) * 10, noise: int = 0) -> Days:
    """Every other day costs as much more a request as the next one costs less."""
    costs = [count * (cost + (noise if at % 2 else -noise)) for at, count in enumerate(requests)]
    return Days(
        model=model, requests=requests, cost_nano=costs, finished=sum(requests), successes=round(share * sum(requests))
    )


def found(*models: Days) -> list[tuple[str, str]]:
    told, _ = compared({("coding",): models})
    return [(each.used.model, each.cheaper.model) for each in told.get(("coding",), [])]


def test_a_cheaper_one_that_succeeds_as_often_is_found_with_its_saving() -> None:
    told, comparisons = compared({("coding",): [days("dear", 50), days("cheap", 20, share=0.99)]})
    (each,) = told["coding",]
    assert (each.used.model, each.cheaper.model, comparisons) == ("dear", "cheap", 1)
    assert (each.saving_per_request_nano, each.saving_nano) == ((30, 30, 30), (30_000, 30_000, 30_000))
    difference, low, high = each.success_difference
    assert (difference, -0.02 < low < 0 < high < 0.02) == (0, True)


@pytest.mark.parametrize(
    "cheap",
    [
        days("cheap", 20, share=0.97),  # succeeds less often
        days("cheap", 20, share=0.99, requests=(14,) * 7),  # too few requests
        days("cheap", 20, share=0.99, requests=(200,) * 6),  # too few days
        days("cheap", 49, noise=20),  # cheaper by less than it varies from day to day
        days("cheap", 50),  # no cheaper
    ],
)
def test_what_is_not_sure_is_not_told(cheap: Days) -> None:
    assert found(days("dear", 50), cheap) == []


def test_of_several_the_one_that_saves_most_is_told() -> None:
    assert found(days("dear", 50), days("mid", 30), days("cheap", 20), days("poor", 1, share=0.5)) == [
        ("dear", "cheap"), ("mid", "cheap"),
    ]  # fmt: skip


def test_the_more_is_compared_the_surer_it_must_be() -> None:
    """Seven in a thousand less, of 2,000 requests each, is well within the margin once, but not among 200 comparisons."""
    pair = [days("dear", 50, 0.99, (200,) * 10), days("cheap", 20, 0.983, (200,) * 10)]
    once, _ = compared({("1",): pair})
    often, comparisons = compared({(str(at),): pair for at in range(200)})
    assert (len(once), len(often), comparisons) == (1, 0, 200)


@pytest.mark.django_db
def test_groups_of_like_requests_are_compared_out_of_the_roll_ups(cast: Cast) -> None:
    usual = {"account_id": cast.ada.account.pk, "task_type": "report", "category": "analysis", "complexity": "simple"}
    for day in range(10):
        at = DAY + timedelta(days=day, hours=9)
        insert_many(40, created_at=at, model="a:dear", cost_nano=NANO // 100, **usual)
        insert_many(40, created_at=at, model="a:cheap", cost_nano=NANO // 1_000, **usual)
        insert_many(9, created_at=at, model="a:cheap", saved_nano=NANO, **usual)
        insert_many(3, created_at=at, model="a:cheap", outcome="refused", **usual)
        insert_many(40, created_at=at, model="a:cheap", **{**usual, "complexity": "complex"})
    rolled_up()
    told = opportunities(Question(since=DAY, until=DAY + timedelta(days=10)))
    (each,) = told.found
    assert each.labels == {"account": "acme", "task_type": "report", "category": "analysis", "complexity": "simple"}
    assert (each.used.model, each.used.requests, each.cheaper.model, each.cheaper.requests) == (
        "a:dear", 400, "a:cheap", 400,
    )  # fmt: skip
    assert list(each.saving_nano) == [400 * 9_000_000] * 3
    assert (told.comparisons, told.margin) == (1, 0.02)
