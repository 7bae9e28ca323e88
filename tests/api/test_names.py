"""Names of models in the REST API: given, found again, and understood wherever a model is named."""

from typing import Any

import pytest
from django.test import Client

from autorouter.models import Preferences
from tests.api.answers import problem
from tests.cast import Cast

GPT, MINI = "openai:gpt-4o", "openai:gpt-4o-mini"
TASK = {"category": "coding", "complexity": "complex"}


pytestmark = pytest.mark.usefixtures("both_seeded")


@pytest.fixture
def staff(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.staff)
    return client


def send(client: Client, method: str, path: str, **body: Any) -> Any:
    return getattr(client, method)(f"/api/{path}", {"reason": "try", **body}, "application/json")


def select(cast: Cast, **body: Any) -> Any:
    return Client().post("/api/routing/select", {"task": TASK, **body}, "application/json", headers=cast.ada.auth)


def test_aliases_are_written_searched_and_kept_apart(staff: Client) -> None:
    given = send(staff, "patch", f"models/{GPT}", aliases=["our-model"])
    assert (given.status_code, given.json()["aliases"]) == (200, ["our-model"])
    assert [each["id"] for each in staff.get("/api/models?search=our-model").json()["results"]] == [GPT]
    taken = send(staff, "patch", f"models/{MINI}", aliases=["our-model"])
    assert problem(taken) == (400, ["aliases"])
    copied = send(staff, "post", f"models/{GPT}/duplicate", id="openai:copy").json()
    assert copied["aliases"] == []


def test_the_decision_understands_every_name_and_says_who_stands_in(staff: Client, cast: Cast) -> None:
    send(staff, "patch", f"models/{GPT}", aliases=["our-model"])
    answer = select(cast, candidates=["our-model", "gpt-4o-mini"], previous_model="our-model").json()
    assert {each["model"] for each in answer["candidates"]} == {GPT, MINI}
    assert [each["model"] for each in answer["candidates"] if each["terms"]["stickiness"]] == [GPT]
    retired = select(cast, candidates=["gpt-4"]).json()
    assert (retired["model"], retired["stand_in_for"]) == ("openai:gpt-4.1", "gpt-4")
    unknown = select(cast, candidates=["gpt-4o-mni"])
    assert problem(unknown) == (400, ["candidates[0]"])
    assert f"Did you mean {MINI}" in unknown.content.decode()


def test_an_account_that_refuses_stand_ins_is_told_the_successor(staff: Client, cast: Cast) -> None:
    changed = send(staff, "patch", "accounts/acme", refuses_stand_ins=True)
    assert (changed.status_code, changed.json()["refuses_stand_ins"]) == (200, True)
    refused = select(cast, candidates=["gpt-4"])
    assert problem(refused) == (400, ["candidates[0]"])
    assert "Its successor is openai:gpt-4.1" in refused.content.decode()


def test_a_policy_and_a_rule_take_any_name_and_keep_the_id(staff: Client, cast: Cast) -> None:
    policy = send(staff, "post", "routing/policies", name="own", title="Own", models=["gpt-4o-mini", MINI, GPT])
    assert (policy.status_code, policy.json()["models"]) == (201, [MINI, GPT])
    rule = {"name": "no mini", "when": {}, "then": {"block": {"models": ["gpt-4o-mini"]}}}
    answer = Client(headers=cast.ada.auth).patch(
        "/api/preferences", {"reason": "try", "rules": [rule]}, "application/json"
    )
    assert answer.json()["rules"][0]["then"] == {"block": {"models": [MINI]}}
    assert Preferences.objects.get().rules == answer.json()["rules"]
    assert [out["code"] for out in select(cast, candidates=["gpt-4o-mini", GPT]).json()["excluded"]] == ["blocked"]
