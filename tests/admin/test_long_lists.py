"""Lists with thousands of rows behind them: an index finds what a page shows, and the page is short enough to be drawn at once.

Times are measured by `make bench ARGS=pages`; here stands what makes them small.
"""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from analytics.requests import paging
from budgets.choices import Outcome
from routerhub.audit.admin import TableAdmin
from routerhub.audit.models import Fact
from tests import volume
from tests.lists import RECORDS


def plans(client: Client, address: str) -> list[str]:
    """How PostgreSQL finds what a page asks of the records, rows that are only counted left out."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    queries = [each["sql"] for each in asked if "analytics_record" in each["sql"] and "COUNT(" not in each["sql"]]
    with connection.cursor() as cursor:
        return ["\n".join(row for (row,) in explained(cursor, query)) for query in queries]


def read_whole(plan: str) -> list[str]:
    """Which partitions are read from end to end, though they have more than a few pages: full ones cost 500 and more."""
    read = (re.search(r"Seq Scan on .*cost=[\d.]+\.\.([\d.]+) rows", line) for line in plan.splitlines())
    return [found.group() for found in read if found and float(found.group(1)) > 100]


def explained(cursor: Any, query: str) -> list[tuple[str]]:
    cursor.execute(f"EXPLAIN {query}")
    found: list[tuple[str]] = cursor.fetchall()
    return found


@pytest.fixture
def many(staff: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """As much more than is looked through as a million is."""
    monkeypatch.setattr(paging, "LOOKED_AT", 500)
    volume.fill(5_000)
    return staff


def test_the_requests_of_a_page_are_found_by_an_index_however_they_are_sorted(many: Client) -> None:
    many.get(RECORDS)
    for sort in paging.SORTS:
        (plan,) = plans(many, f"{RECORDS}?sort={sort}&range=all")
        assert read_whole(plan) == [], (sort, plan)
        assert "Index Scan" in plan, (sort, plan)


@pytest.mark.parametrize("filters", ["session=session%207", "q=timeout", "metadata=a=b", "tag=x", "min_cost_usd=5"])
def test_what_no_index_finds_is_looked_for_among_so_many(many: Client, filters: str) -> None:
    answer = many.get(f"{RECORDS}?{filters}&range=all")
    assert answer.context["looked_back_to"] is not None
    found = plans(many, f"{RECORDS}?{filters}&range=all")
    assert [line for plan in found for line in read_whole(plan)] == []
    older = plans(many, f"{RECORDS}{answer.context['older']}")
    assert [line for plan in older for line in read_whole(plan)] == []


@pytest.mark.parametrize("address", ["/api/requests", "/api/requests?offset=500", "/api/requests?outcome=failure"])
def test_the_requests_of_the_api_are_found_by_an_index(many: Client, address: str) -> None:
    found = plans(many, address)
    assert found
    assert [line for plan in found for line in read_whole(plan)] == []


def test_facts_are_sorted_by_what_an_index_begins_with(staff: Client) -> None:
    """A column of a list is sorted by its own name, or by what it says that it is ordered by."""
    staff.get(RECORDS)
    request = RequestFactory().get("/")
    pages: dict[type[Model], Any] = dict(admin.site._registry)
    for table, page in pages.items():
        if issubclass(table, Fact):
            shown = {
                getattr(getattr(page, name, None), "admin_order_field", name) for name in page.get_sortable_by(request)
            }
            assert shown <= first_columns(table._meta.db_table), table


def first_columns(table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]"
            " WHERE indrelid = %s::regclass",
            [table],
        )
        return {name for (name,) in cursor.fetchall()}


def test_a_list_shows_so_few_rows_that_they_are_drawn_at_once(many: Client) -> None:
    for table, page in admin.site._registry.items():
        assert isinstance(page, TableAdmin), table
    assert len(many.get(RECORDS).context["rows"]) == 50
    assert len(many.get("/admin/autorouter/session/").context["cl"].result_list) == 50


def test_a_filter_knows_its_words_without_asking_the_records(many: Client) -> None:
    page = many.get(RECORDS)
    words = {field["name"]: field["words"] for _, fields in page.context["groups"] for field in fields}
    assert words["outcome"] == [*Outcome.values, "refused"]
    assert words["complexity"] == ["simple", "moderate", "complex"]
    with CaptureQueriesContext(connection) as asked:
        known = dict(many.get("/admin/requests/words/").context["known"])
    assert {"openai", "openrouter", "anthropic"} <= set(known["provider"])
    assert [each["sql"] for each in asked if "analytics_record" in each["sql"]] == []


def test_the_totals_of_a_selection_stand_above_it(many: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert many.get(RECORDS).context["totals"][0] == ("5,000", "requests")
    monkeypatch.setattr(paging, "LOOKED_AT", 100_000)
    assert many.get(f"{RECORDS}?outcome=failure&category=coding").context["totals"][0] == ("250", "requests")
