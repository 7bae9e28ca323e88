"""Whatever a query says, a list is answered or the query refused by name."""

import pytest
from django.db import DataError
from django.test import Client, RequestFactory
from django.urls import get_resolver

from analytics.models import Record
from routerhub.problems import problem_response
from tests.analytics.rows import insert_many
from tests.cast import Cast

NASTY = ["\u00b2", "\u0663", "9" * 5_000, "9" * 30, "-1", "1e3", "1_0", " 1 ", "x", "0x1"]
LISTS = [
    "/api/requests", "/api/feedback", "/api/models", "/api/prices", "/api/providers", "/api/changes", "/api/releases",
]  # fmt: skip


@pytest.fixture
def staff(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.staff)
    return client


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize("given", NASTY)
def test_a_page_is_named_in_plain_digits(staff: Client, name: str, given: str) -> None:
    answer = staff.get("/api/requests", {name: given})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["field"] == name
    assert given[:50] in error["message"]
    assert "a whole number from" in error["message"]


def test_a_page_has_at_most_a_thousand_rows(staff: Client) -> None:
    insert_many(3)
    assert len(staff.get("/api/requests", {"limit": 2, "offset": 0}).json()["results"]) == 2
    assert len(staff.get("/api/requests", {"limit": 1_000, "offset": 2}).json()["results"]) == 1
    assert staff.get("/api/requests", {"limit": 1_001}).status_code == 400
    assert len(staff.get("/api/requests", {"limit": ""}).json()["results"]) == 3


@pytest.mark.parametrize("path", LISTS)
def test_no_value_of_a_filter_breaks_anything(staff: Client, path: str) -> None:
    view = get_resolver().resolve(path).func.cls  # type: ignore[attr-defined]
    names = [*getattr(view, "filterset_fields", ()), "search", "ordering", "id", "limit"]
    if chosen := getattr(view, "filterset_class", None):
        names += [*chosen.base_filters]
    for name in names:
        for given in [*NASTY, "\0", "a\0b", "\ud800".encode("utf-8", "surrogatepass"), "x" * 3_000]:
            answer = staff.get(path, {name: given})
            assert answer.status_code in {200, 400}, (name, given, answer.content)


@pytest.mark.django_db
def test_what_the_database_does_not_take_is_the_clients_mistake_and_no_outage() -> None:
    with pytest.raises(DataError) as caught:
        list(Record.objects.filter(session="\0"))
    answer = problem_response(caught.value, {"request": RequestFactory().get("/api/requests")})
    assert answer is not None
    assert answer.status_code == 400
    assert "does not take a value" in answer.data["detail"]
