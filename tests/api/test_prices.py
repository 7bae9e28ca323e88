"""Prices in the REST API: added, approved, rejected, compared with a price list."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from models_registry.models import Price
from tests.api.answers import problem, send
from tests.api.catalogue import GPT, STATIC_GPT, served

pytestmark = pytest.mark.usefixtures("catalogue_seeded")


ROW = {
    "model": GPT, "provider": "openai", "effective_from": "2026-11-20T00:00:00Z", "input": "1.5", "output": "9",
    "source": "a price list", "dated": "2026-11-20",
}  # fmt: skip


def test_a_price_is_added_and_counts_at_once(staff: Client) -> None:
    answer = send(
        staff,
        "POST",
        "prices",
        **ROW,
        tiers=[{"above_input_tokens": 1000, "input": "3", "output": "18"}],
        reason="cheaper",
    )
    assert answer.status_code == 201, answer.content
    assert (answer.json()["model"], answer.json()["input"], answer.json()["waits_because"]) == (GPT, "1.5", "")
    price = served(GPT)["deployments"][0]["prices"][-1]
    assert price["rates"] == {"input": "1.5", "output": "9"}
    assert price["tiers"] == [{"above_input_tokens": 1000, "rates": {"input": "3", "output": "18"}}]
    assert Price.history.first().history_change_reason == "cheaper"


def test_a_price_that_jumps_waits_until_it_is_approved(staff: Client) -> None:
    row = send(staff, "POST", "prices", **{**ROW, "input": "1500"}, reason="news").json()
    assert "input rises from 1.25 to 1500" in row["waits_because"]
    assert served(GPT) == STATIC_GPT
    listed = staff.get("/api/prices?waiting=true").json()
    assert [each["id"] for each in listed["results"]] == [row["id"]]
    assert problem(send(staff, "POST", f"prices/{row['id']}/approve")) == (400, ["reason"])
    approved = send(staff, "POST", f"prices/{row['id']}/approve", reason="I asked them")
    assert (approved.status_code, approved.json()["waits_because"]) == (200, "")
    assert served(GPT)["deployments"][0]["prices"][-1]["rates"]["input"] == "1500"
    assert problem(send(staff, "POST", f"prices/{row['id']}/approve", reason="again"))[0] == 400
    assert problem(send(staff, "POST", f"prices/{row['id']}/reject", reason="too late"))[0] == 400
    assert Price.objects.filter(pk=row["id"]).exists()


def test_a_price_that_waits_is_rejected(staff: Client) -> None:
    row = send(staff, "POST", "prices", **{**ROW, "source": ""}, reason="hearsay").json()
    assert row["waits_because"] == "it has no source"
    assert send(staff, "POST", f"prices/{row['id']}/reject", reason="not true").status_code == 204
    assert not Price.objects.filter(pk=row["id"]).exists()
    assert Price.history.first().history_change_reason == "not true"
    assert served(GPT) == STATIC_GPT


def test_prices_are_listed_by_model(staff: Client) -> None:
    rows = staff.get(f"/api/prices?model={GPT}").json()["results"]
    assert sorted(each["provider"] for each in rows) == ["openai", "openrouter"]
    assert {Decimal(each["input"]) for each in rows} == {Decimal("1.25")}
    assert staff.get(f"/api/prices/{rows[0]['id']}").json() == rows[0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"input": "-1"}, "input"), ({"input": "much"}, "input"), ({"model": "openai:nobody"}, "model"),
        ({"provider": "google"}, "provider"), ({"upstream_model": "other"}, "provider"),
        ({"tiers": [{"above_input_tokens": 0}]}, "tiers"), ({"dated": "today"}, "dated"),
        ({"effective_from": "soon"}, "effective_from"),
    ],
)  # fmt: skip
def test_a_bad_price_is_refused(staff: Client, body: dict[str, Any], field: str) -> None:
    before = Price.objects.count()
    assert field in problem(send(staff, "POST", "prices", **{**ROW, **body}, reason="x"))[1]
    assert Price.objects.count() == before


def test_a_second_price_of_the_same_moment_is_refused(staff: Client) -> None:
    send(staff, "POST", "prices", **ROW, reason="x")
    assert problem(send(staff, "POST", "prices", **ROW, reason="x"))[0] == 400


def test_prices_are_compared_with_a_list_and_what_is_chosen_is_applied(staff: Client) -> None:
    Price.objects.filter(deployment__model__identifier=GPT, deployment__provider__name="openai").update(
        input=Decimal("1.5")
    )
    listed = staff.get("/api/prices/sync").json()
    assert listed["source"] == "genai-prices"
    (change,) = (each for each in listed["changes"] if each["place"] == "openai/gpt-5")
    assert (change["kind"], change["model"], change["before"]["rates"]["input"]) == ("changed", GPT, "1.5")
    assert change["after"]["rates"]["input"] == "1.25"
    body = {"source": "genai-prices", "keys": [change["key"]], "reason": "as listed"}
    applied = send(staff, "POST", "prices/sync", **body)
    assert [each["key"] for each in applied.json()["applied"]] == [change["key"]]
    assert [each["rates"]["input"] for each in served(GPT)["deployments"][0]["prices"]] == ["1.5", "1.25"]
    assert problem(send(staff, "POST", "prices/sync", **body)) == (400, ["keys"])


@pytest.mark.parametrize(
    ("body", "field"),
    [({"keys": []}, "keys"), ({"keys": ["changed horse"]}, "keys"), ({"source": "horses", "keys": ["x"]}, "source"),
     ({"keys": ["x"], "reason": ""}, "reason")],
)  # fmt: skip
def test_a_bad_synchronisation_is_refused(staff: Client, body: dict[str, Any], field: str) -> None:
    status, fields = problem(send(staff, "POST", "prices/sync", **{"reason": "x", **body}))
    assert status == 400
    assert fields[0].startswith(field)
    assert problem(staff.get("/api/prices/sync?source=horses")) == (400, ["source"])


def test_without_the_network_it_says_so(staff: Client, settings: Any) -> None:
    settings.ALLOW_ONLINE_PRICES = False
    for answer in (staff.get("/api/prices/sync?online=true"), staff.get("/api/prices/sync?source=openrouter")):
        assert problem(answer) == (400, ["source"])
        assert "ALLOW_ONLINE_PRICES" in answer.json()["detail"]
