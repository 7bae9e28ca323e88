"""Which requests a filter finds, and that pages of them miss none and show none twice."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils.timezone import now

from analytics.models import Record, SavedView
from analytics.requests import paging
from analytics.requests.filters import RecordFilter
from analytics.requests.paging import SORTS
from analytics.windows import rolling
from tests.access.test_api import key, login
from tests.analytics.rows import insert, insert_many
from tests.cast import Cast


def found(**asked: str) -> set[Any]:
    chosen = RecordFilter(asked, Record.objects.all())
    assert chosen.is_valid(), chosen.errors
    return set(chosen.qs.values_list("operation_id", flat=True))


@pytest.mark.parametrize(
    ("asked", "column", "value"),
    [
        ({"tag": "red"}, "tags", ("blue", "red")),
        ({"metadata": "ticket=42"}, "metadata", {"ticket": 42}),
        ({"metadata": "a=b=c"}, "metadata", {"a": "b=c"}),
        ({"min_cost_usd": "0.0015"}, "cost_nano", 1_500_000),
        ({"max_latency_ms": "7"}, "latency_ms", 7),
        ({"traffic": "sandbox"}, "is_sandbox", True),
        ({"error_kind": "timeout"}, "error_kind", "timeout"),
        ({"deployment": "p/m"}, "deployment", "p/m"),
        ({"experiment": "7"}, "experiment", 7),
        ({"variant": "b"}, "variant", "b"),
        ({"read_by": "encoder"}, "read_by", "encoder"),
        ({"second": "analysis"}, "second", "analysis"),
        ({"min_confidence": "0.41"}, "confidence", 0.41),
        ({"max_confidence": "0.41"}, "confidence", 0.41),
        ({"q": "took TOO long"}, "error", "It took too long."),
        ({"q": "s-1"}, "session", "s-1"),
        ({"q": "worker 9"}, "worker", "worker 9"),
    ],
)
def test_a_filter_finds_what_it_says(db: None, asked: dict[str, str], column: str, value: Any) -> None:
    insert(latency_ms=900)
    made = insert(**{"latency_ms": 900, column: value})
    assert found(**asked) == {made}


def test_people_keys_and_accounts_are_asked_for_by_name(cast: Cast) -> None:
    insert()
    whose = {"account_id": cast.ada.account.pk, "user_id": cast.ada.user.pk, "key_id": cast.ada.key.pk}
    made = insert(**whose)
    for asked in ({"account": "acme"}, {"user": "ada"}, {"key": "ada's key"}, {"key_id": str(cast.ada.key.pk)}):
        assert found(**asked) == {made}
    assert found(user="nobody") == set()


def test_an_operation_is_found_whatever_the_range(db: None) -> None:
    made = insert(created_at=now() - timedelta(days=20))
    assert found(q=str(made), range="1h", outcome="failure") == {made}


def test_a_day_is_that_of_the_zone_with_its_first_and_its_last_moment(db: None) -> None:
    """25 October 2026 has 25 hours in Berlin."""
    first, after = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)
    edges = [first - timedelta(milliseconds=1), first, after - timedelta(milliseconds=1), after]
    _, begins, ends, _ = [insert(created_at=moment) for moment in edges]
    assert found(since="2026-10-25", until="2026-10-25", zone="Europe/Berlin") == {begins, ends}
    assert found(since=first.isoformat(), until=after.isoformat()) == {begins, ends}


@pytest.mark.parametrize("sort", list(SORTS))
def test_pages_of_every_order_have_each_request_once(db: None, sort: str) -> None:
    for cost in (3, 1, 3, 2, 1, 3, 2):
        insert_many(2, cost_nano=cost, latency_ms=cost, created_at=now() - timedelta(minutes=cost))
    chosen, seen, before = RecordFilter({}, Record.objects.all()), [], ""
    assert chosen.is_valid()
    while True:
        page = paging.page(chosen, 3, before, sort)
        seen += page.rows
        if not (before := page.following):
            break
    assert len(seen) == 14
    assert {row.pk for row in seen} == found()
    column, falls, _ = SORTS[sort]
    values = [getattr(row, column) for row in seen]
    assert values == sorted(values, reverse=falls)


def test_a_search_that_looks_through_so_many_says_so_and_goes_on(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the API, from page to page until nothing is left."""
    monkeypatch.setattr(paging, "LOOKED_AT", 4)
    rare = insert(error="rare", created_at=now() - timedelta(hours=2))
    insert_many(10)
    staff, address, told = login(cast.staff), "/api/requests?q=rare", []
    while address:
        told.append(staff.get(address).json())
        address = told[-1]["next"] and "{0.path}?{0.query}".format(urlsplit(told[-1]["next"]))
    assert [len(each["results"]) for each in told] == [0] * (len(told) - 1) + [1]
    assert told[-1]["results"][0]["operation_id"] == str(rare)
    assert all(each["looked_back_to"] for each in told[:-1])
    assert told[-1]["looked_back_to"] is None


def test_totals_beyond_what_is_counted_come_from_the_roll_ups(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analytics.requests.pagination.MAX_COUNTED", 3)
    monkeypatch.setattr("analytics.requests.totals.MAX_COUNTED", 3)
    hour_ago = now() - timedelta(hours=1)
    insert_many(5, model="a:b", cost_nano=10**9, input_tokens=7, created_at=hour_ago)
    insert_many(2, model="a:b", cost_nano=10**9, is_sandbox=True, input_tokens=7, created_at=hour_ago)
    staff = login(cast.staff)

    def figures(query: str) -> Any:
        return staff.get(f"/admin/analytics/record/?{query}").context["totals"]

    assert figures("range=24h&outcome=success")[0] == ("3+", "requests")
    rolling.recompute(hour_ago, now())
    assert figures("range=24h&model=a:b")[:2] == [("7", "requests"), ("$5.00 + $2.00 (sandbox)", "")]


def test_a_view_is_its_owners_and_a_shared_one_their_accounts(cast: Cast) -> None:
    ada, ben = (key(cast, each.user, "routing") for each in (cast.ada, cast.ben))
    cy = login(cast.cy.user)
    kept = {"name": "Failures", "query": {"outcome": "failure", "sort": "dearest"}}
    made = ada.post("/api/saved-views", kept, "application/json")
    assert made.status_code == 201, made.json()
    assert [len(each.get("/api/saved-views").json()["results"]) for each in (ada, ben)] == [1, 0]
    assert ada.post("/api/saved-views", {**kept, "is_shared": True}, "application/json").status_code == 201
    (shared,) = ben.get("/api/saved-views").json()["results"]
    assert (shared["name"], shared["by"], shared["is_shared"]) == ("Failures", "ada", True)
    assert cy.get("/api/saved-views").json()["results"] == []
    assert ben.delete(f"/api/saved-views/{shared['id']}").status_code == 404
    assert [each.history_type for each in SavedView.history.order_by("history_id")] == ["+", "~"]
    assert ada.delete(f"/api/saved-views/{shared['id']}").status_code == 204
    answer = cy.post("/api/saved-views", {"name": "x", "query": {"outcome": "good"}}, "application/json")
    assert "outcome: 'good' is none of success" in answer.json()["errors"][0]["message"]
