"""The catalogue in the REST API: found by anybody, changed by staff with a reason, live at once."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from models_registry.catalogue.release0 import STATIC
from models_registry.models import Deployment, Model, Price
from routerhub.releases.models import Release
from tests.api.answers import problem, send
from tests.api.catalogue import GPT, MINI, STATIC_GPT, served

PRICE = {
    "effective_from": "2026-11-20T00:00:00Z", "rates": {"input": "0.041666666666666664", "output": "2"},
    "source": "a price list", "dated": "2026-11-20",
}  # fmt: skip
PLACE = {"provider": "openai", "upstream_model": "new", "prices": [PRICE]}
NEW = {"id": "openai:new", "name": "New", "context_window": 1000, "max_output": 100, "deployments": [PLACE]}


pytestmark = pytest.mark.usefixtures("catalogue_seeded")


def ids(client: Client, query: str) -> list[str]:
    answer = client.get(f"/api/models?{query}")
    assert answer.status_code == 200, answer.content
    return [each["id"] for each in answer.json()["results"]]


# --- found


def test_models_are_filtered(reader: Client) -> None:
    def expected(fits: Any) -> list[str]:
        return sorted(each.id for each in STATIC.models.values() if fits(each))

    today = datetime.now(UTC).date()
    for query, fits in {
        "provider=anthropic": lambda each: each.provider == "anthropic",
        "capability=audio": lambda each: "audio" in each.capabilities,
        "provider=openai&supports_reasoning=true": lambda each: each.provider == "openai" and each.supports_reasoning,
        "speed_tier=fast": lambda each: each.speed_tier == "fast",
        "min_context=1000000": lambda each: each.context_window >= 1_000_000,
        "is_deprecated=true": lambda each: each.is_deprecated(today),
        "is_deprecated=false&provider=openai": lambda each: each.provider == "openai" and not each.is_deprecated(today),
    }.items():
        found = ids(reader, query)
        assert sorted(found) == expected(fits), query
        assert 0 < len(found) < len(STATIC.models), query


def test_models_are_found_by_several_words_anywhere_in_any_order(reader: Client) -> None:
    assert ids(reader, "search=GPT-5+nano") == ["openai:gpt-5-nano", "openai:gpt-5.4-nano"]
    assert ids(reader, "search=nano++gpt-5") == ["openai:gpt-5-nano", "openai:gpt-5.4-nano"]
    assert GPT in ids(reader, "search=plans+openai+reference")
    assert ids(reader, "search=gpt-5+nano+horse") == []


@pytest.mark.parametrize("field", ["id", "name", "context_window", "input_price", "output_price"])
def test_models_are_ordered(reader: Client, field: str) -> None:
    prices = {row.deployment.model.identifier: row for row in Price.objects.filter(
        deployment__position=0).order_by("effective_from").select_related("deployment__model")
        if row.effective_from <= datetime.now(UTC)}  # fmt: skip
    of: dict[str, Any] = {
        "id": lambda row: row["id"], "name": lambda row: row["name"],
        "context_window": lambda row: row["context_window"], "input_price": lambda row: prices[row["id"]].input,
        "output_price": lambda row: prices[row["id"]].output,
    }  # fmt: skip
    rows = [
        row for row in reader.get(f"/api/models?kind=chat&ordering={field}").json()["results"] if row["id"] in prices
    ]
    values = [of[field](row) for row in rows]
    if field != "name":  # which is in the order of the database's language
        assert values == sorted(values)
    assert len(set(values)) > 10
    backwards = [
        row for row in reader.get(f"/api/models?kind=chat&ordering=-{field}").json()["results"] if row["id"] in prices
    ]
    assert [of[field](row) for row in backwards] == values[::-1]


def test_models_come_page_by_page(reader: Client) -> None:
    first = reader.get("/api/models?limit=3&ordering=id").json()
    second = reader.get("/api/models?limit=3&offset=3&ordering=id").json()
    assert (first["count"], len(first["results"]), len(second["results"])) == (len(STATIC.models), 3, 3)
    assert [each["id"] for each in first["results"] + second["results"]] == sorted(STATIC.models)[:6]
    assert "offset=3" in first["next"]


@pytest.mark.parametrize(("query", "field"), [("capability=flight", "capability"), ("ordering=colour", "ordering"),
                                              ("min_context=many", "min_context"), ("provider=horse", "provider")])  # fmt: skip
def test_a_filter_that_makes_no_sense_is_an_error_that_names_it(reader: Client, query: str, field: str) -> None:
    assert problem(reader.get(f"/api/models?{query}")) == (400, [field])


def test_internal_models_are_hidden_from_all_but_staff_also_by_id(reader: Client, staff: Client) -> None:
    Model.objects.filter(identifier=GPT).update(is_internal_only=True)
    assert GPT not in ids(reader, "provider=openai")
    assert ids(reader, "search=gpt-5+reference+fifth") == []
    assert problem(reader.get(f"/api/models/{GPT}")) == (404, [])
    assert GPT in ids(staff, "provider=openai")
    assert staff.get(f"/api/models/{GPT}").json()["is_internal_only"] is True


def test_a_price_that_waits_is_not_shown_as_the_models_price(reader: Client) -> None:
    place = Deployment.objects.get(model__identifier=GPT, provider__name="openai")
    Price.objects.create(deployment=place, effective_from="2026-11-20T00:00:00Z", input=Decimal(900),
                         output=Decimal(1), source="x", dated="2026-11-20")  # fmt: skip
    shown = reader.get(f"/api/models/{GPT}").json()["deployments"][0]["prices"]
    assert [each["input"] for each in shown] == ["1.25"]


# --- changed


def test_a_model_is_added_with_deployments_and_prices_and_is_live(staff: Client) -> None:
    answer = send(staff, "POST", "models", **NEW, reason="it is out")
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    assert (shown["id"], shown["provider"], shown["capabilities"]) == ("openai:new", "openai", ["streaming"])
    assert shown["deployments"][0]["prices"][0]["input"] == "0.041666666666666664"
    assert served("openai:new")["deployments"][0]["prices"][0]["rates"] == PRICE["rates"]
    assert Release.objects.filter(line="catalogue")[0].reason == "it is out"
    assert Model.history.first().history_change_reason == "it is out"


def test_a_model_is_changed_field_by_field_and_is_live(staff: Client) -> None:
    answer = send(staff, "PATCH", f"models/{GPT}", name="Ours", is_pro=True, successor=MINI, reason="by contract")
    assert (answer.status_code, answer.json()["name"], answer.json()["successor"]) == (200, "Ours", MINI)
    before = {**STATIC_GPT, "name": "Ours", "is_pro": True, "successor": MINI}
    assert served(GPT) == before
    send(staff, "PATCH", f"models/{GPT}", deprecated_from=None, successor="", reason="it stays")
    assert served(GPT) == {**before, "deprecated_from": None, "successor": ""}


def test_deployments_that_are_given_are_all_that_the_model_then_has_in_order(staff: Client) -> None:
    own = {"provider": "openrouter", "upstream_model": "openai/gpt-5", "prices": [PRICE]}
    first = {name: value for name, value in STATIC_GPT["deployments"][0].items()}
    answer = send(staff, "PATCH", f"models/{GPT}", deployments=[own, first], reason="the other first")
    # The price of 2020 at the first place is taken away, a price from now on put in its place.
    assert answer.status_code == 200, answer.content
    assert [each["provider"] for each in answer.json()["deployments"]] == ["openrouter", "openai"]
    assert served(GPT)["deployments"][1] == first


def test_the_regions_of_a_deployment_are_given_and_taken_away_and_a_bad_one_names_its_field(staff: Client) -> None:
    place = STATIC_GPT["deployments"][0]
    answer = send(
        staff, "PATCH", f"models/{GPT}", deployments=[{**place, "regions": ["eu", "us"]}], reason="by contract"
    )
    assert (answer.status_code, answer.json()["deployments"][0]["regions"]) == (200, ["eu", "us"])
    assert served(GPT)["deployments"][0]["regions"] == ["eu", "us"]
    refused = send(staff, "PATCH", f"models/{GPT}", deployments=[{**place, "regions": ["EU"]}], reason="a slip")
    assert problem(refused) == (400, ["deployments[0].regions"])
    send(staff, "PATCH", f"models/{GPT}", deployments=[place], reason="nobody knows")
    assert served(GPT)["deployments"] == [place]


def test_a_model_is_deleted_and_nobody_follows_it_any_more(staff: Client) -> None:
    successor = STATIC_GPT["successor"]
    assert staff.delete(f"/api/models/{successor}?reason=withdrawn").status_code == 204
    assert served(successor) is None
    assert served(GPT)["successor"] == ""
    assert problem(staff.get(f"/api/models/{successor}")) == (404, [])
    assert Model.history.filter(history_type="-").get().history_change_reason == "withdrawn"
    assert staff.delete(f"/api/models/{GPT}", {"reason": "in the body"}, "application/json").status_code == 204


def test_a_model_is_duplicated_with_places_and_prices(staff: Client) -> None:
    answer = send(staff, "POST", f"models/{GPT}/duplicate", id="openai:copy/2", reason="to try")
    assert (answer.status_code, answer.json()["name"]) == (201, "GPT-5 (copy)")
    assert served("openai:copy/2") == {**STATIC_GPT, "name": "GPT-5 (copy)", "aliases": [], "benchmarks": {}}
    assert send(staff, "POST", "models/openai:copy/2/duplicate", id="openai:copy/3", reason="x").status_code == 201


def test_a_model_is_deprecated_from_a_day_on_with_its_successor(staff: Client) -> None:
    answer = send(staff, "POST", f"models/{MINI}/deprecate", deprecated_from="2026-12-01", successor=GPT, reason="old")
    assert (answer.status_code, answer.json()["deprecated_from"]) == (200, "2026-12-01")
    assert (served(MINI)["deprecated_from"], served(MINI)["successor"]) == ("2026-12-01", GPT)


CHANGES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "models", NEW),
    ("PATCH", f"models/{GPT}", {"name": "X"}),
    ("DELETE", f"models/{GPT}", {}),
    ("POST", f"models/{GPT}/duplicate", {"id": "openai:x"}),
    ("POST", f"models/{GPT}/deprecate", {"deprecated_from": "2026-12-01"}),
    ("POST", "providers", {"name": "own", "title": "Own"}),
    ("PATCH", "providers/openai", {"title": "X"}),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_no_change_without_a_reason(staff: Client, method: str, path: str, body: dict[str, Any]) -> None:
    assert problem(send(staff, method, path, **body)) == (400, ["reason"])
    assert problem(send(staff, method, path, **body, reason=" ")) == (400, ["reason"])
    assert Release.objects.count() == 1


@pytest.mark.parametrize(("method", "path", "body"), [
    *CHANGES, ("POST", "prices", {}), ("GET", "prices", {}), ("POST", "prices/sync", {}), ("GET", "prices/sync", {}),
    ("POST", "prices/1/approve", {}), ("GET", "imports", {}), ("POST", "imports", {}), ("GET", "exports/models", {}),
])  # fmt: skip
def test_who_is_not_staff_gets_403(reader: Client, method: str, path: str, body: dict[str, Any]) -> None:
    assert problem(send(reader, method, path, **body, reason="x")) == (403, [])
    assert problem(send(Client(), method, path, **body, reason="x"))[0] in {401, 403}
    assert Release.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"id": GPT}, "id", "there is a model 'openai:gpt-5' already."),
        ({"id": "no colon"}, "id", "write provider:name"),
        ({"name": ""}, "name", "This field may not be blank."),
        ({"context_window": "many"}, "context_window", "A valid integer is required."),
        ({"speed_tier": "warp"}, "speed_tier", '"warp" is not a valid choice.'),
        ({"colour": "red"}, "colour", "There is no such field. Allowed: name, description"),
        ({"max_output": 1001}, "max_output", "1001 is not from 1 to the context window, 1000."),
        ({"capabilities": ["flight"]}, "capabilities", "unknown: flight."),
        ({"deployments": []}, "deployments", "a model needs at least one deployment."),
        (
            {"deployments": [{**PLACE, "provider": "horse"}]}, "deployments[0].provider",
            "there is no provider 'horse'.",
        ),
        (
            {"deployments": [{**PLACE, "prices": [{**PRICE, "rates": {"input": "-1"}}]}]},
            "deployments[0].prices.input", "-1 is not a price",
        ),
        (
            {"deployments": [{**PLACE, "prices": [{**PRICE, "source": ""}]}]}, "deployments[0].prices[0].source",
            "This field may not be blank.",
        ),
    ],
)  # fmt: skip
def test_a_bad_model_is_refused_with_field_and_what_is_allowed(
    staff: Client, body: dict[str, Any], field: str, message: str
) -> None:
    answer = send(staff, "POST", "models", **{**NEW, **body}, reason="x")
    status, fields = problem(answer)
    assert (status, field in fields) == (400, True), answer.json()
    (error,) = (each for each in answer.json()["errors"] if each["field"] == field)
    assert message in error["message"]
    if field in body:
        assert error["given"] == (body[field] if isinstance(body[field], str | int) else f"{body[field]}")
    assert Release.objects.count() == 1
    assert not Model.objects.filter(identifier="openai:new").exists()


@pytest.mark.parametrize("missing", ["name", "context_window", "max_output"])
def test_what_a_new_model_needs_is_named(staff: Client, missing: str) -> None:
    body = {name: value for name, value in NEW.items() if name != missing}
    assert problem(send(staff, "POST", "models", **body, reason="x")) == (400, [missing])


def test_values_that_a_form_sends_as_text_are_taken_for_what_they_say(staff: Client) -> None:
    answer = send(staff, "PATCH", f"models/{GPT}", context_window="300000", is_pro="true", reason="x")
    assert answer.status_code == 200, answer.content
    assert (served(GPT)["context_window"], served(GPT)["is_pro"]) == (300_000, True)


def test_a_price_of_the_past_is_not_edited(staff: Client) -> None:
    deployments = [{**STATIC_GPT["deployments"][0]}]
    deployments[0]["prices"] = [{**deployments[0]["prices"][0], "rates": {"input": "1", "output": "10"}}]
    answer = send(staff, "PATCH", f"models/{GPT}", deployments=deployments, reason="cheaper then")
    assert problem(answer)[0] == 400
    assert "never edited" in answer.json()["detail"]
    assert served(GPT) == STATIC_GPT


@pytest.mark.parametrize(("method", "path"), [("PATCH", "models/openai:nobody"), ("DELETE", "models/openai:nobody"),
                                              ("POST", "models/openai:nobody/duplicate"),
                                              ("POST", "models/openai:nobody/deprecate")])  # fmt: skip
def test_a_model_that_is_not_there_is_404(staff: Client, method: str, path: str) -> None:
    assert problem(send(staff, method, path, reason="x")) == (404, [])


def test_a_model_cannot_follow_itself_nor_one_that_is_not_there(staff: Client) -> None:
    body = {"deprecated_from": "2026-12-01", "reason": "x"}
    assert problem(send(staff, "POST", f"models/{GPT}/deprecate", **body, successor=GPT)) == (400, ["successor"])
    answer = send(staff, "POST", f"models/{GPT}/deprecate", **body, successor="openai:nobody")
    assert problem(answer) == (400, ["successor"])
