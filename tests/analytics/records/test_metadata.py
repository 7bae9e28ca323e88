"""Requests found by what their callers said of them."""

from typing import Any

import pytest
from django.test import Client

from analytics.models import Record
from tests.analytics.rows import insert
from tests.cast import Cast


@pytest.fixture
def ada(cast: Cast) -> Client:
    insert(
        account_id=cast.ada.account.pk, metadata={"project": "x", "run": {"step": 3, "is_last": True}}, session="one"
    )
    insert(account_id=cast.ada.account.pk, metadata={"project": "y", "run": {"step": "3"}}, session="two")
    insert(account_id=cast.ada.account.pk, session="none")
    insert(account_id=cast.cy.account.pk, metadata={"project": "x"}, session="cy's")
    return Client(headers=cast.ada.auth)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"metadata": "project=x"}, {"one"}), ({"metadata": "project=z"}, set()),
        ({"metadata": "run.step=3"}, {"one", "two"}), ({"metadata": "run.is_last=true"}, {"one"}),
        ({}, {"one", "two", "none"}),
    ],
)  # fmt: skip
def test_a_request_is_found_by_its_callers_own_names(ada: Client, query: dict[str, str], found: set[str]) -> None:
    told = ada.get("/api/requests", query).json()["results"]
    assert {each["session"] for each in told} == found
    assert all(isinstance(each["metadata"], dict) for each in told)


@pytest.mark.parametrize("given", ["=x", "a", "a..b=x", "a.b.c.d.e.f=x"])
def test_a_path_that_can_be_none_is_refused(ada: Client, given: str) -> None:
    answer = ada.get("/api/requests", {"metadata": given})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "metadata")
    assert ada.get("/api/requests", {"metadata": "a=b\0"}).status_code == 400


def test_the_page_of_a_request_shows_it_with_what_went_wrong(cast: Cast) -> None:
    made: Any = insert(metadata={"project": "apollo"}, error_kind="TimedOut", deployment="acme/small")
    client = Client()
    client.force_login(cast.staff)
    page = client.get(f"/admin/analytics/record/{made}/change/").content.decode()
    assert all(word in page for word in ("apollo", "TimedOut", "acme/small"))
    assert Record.objects.get(pk=made).metadata == {"project": "apollo"}
