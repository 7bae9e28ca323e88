"""Releases of both lines and the switches in the REST API."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from autorouter.configuration.release0 import BUNDLE
from budgets.people.keys import create_key
from models_registry.catalogue import editing
from models_registry.models import Model
from routerhub.releases import rollout, store, switches
from routerhub.releases.models import Rollout
from routerhub.releases.types import Pointer
from tests.api.answers import problem
from tests.cast import Cast, because

GPT = "openai:gpt-5"
Auth = dict[str, str]


pytestmark = pytest.mark.usefixtures("both_seeded")


def post(client: Client, line: str, **body: Any) -> Any:
    return client.post(f"/api/rollouts/{line}", body, "application/json")


def rename(name: str) -> None:
    editing.update(GPT, {"name": name}, because(name))


# --- bundles and differences


def test_a_draft_has_its_name_and_each_release_says_how_it_stands(staff: Client) -> None:
    body = {"stickiness_bonus": 4, "label": "less sticky", "reason": "to compare"}
    answer = staff.patch("/api/router/configuration?as=draft", body, "application/json")
    assert (answer.status_code, answer.json()["release"]) == (200, 2), answer.json()
    listed = staff.get("/api/releases?line=router").json()["results"]
    assert [(each["number"], each["label"], each["state"]) for each in listed] == [
        (2, "less sticky", "draft"),
        (1, "", "live"),
    ]
    assert post(staff, "router", action="roll_out", release=2, percent=10, reason="try it").status_code == 200
    assert staff.get("/api/releases?line=router").json()["results"][0]["state"] == "candidate"
    assert post(staff, "router", action="rollback", reason="enough").status_code == 200
    assert staff.get("/api/releases?line=router").json()["results"][0]["state"] == "rolled back"


def test_a_name_for_what_is_no_draft_is_refused(staff: Client) -> None:
    body = {"stickiness_bonus": 4, "label": "less sticky", "reason": "live at once"}
    answer = staff.patch("/api/router/configuration", body, "application/json")
    told = "'less sticky' would be the name of a draft, and this is none: leave it out."
    assert (problem(answer), answer.json()["errors"][0]["message"]) == ((400, ["label"]), told)
    assert rollout.pointers()["router"] == Pointer(line="router", stable=1)


def test_any_release_is_shown_whole_and_0_is_the_one_in_the_code(staff: Client) -> None:
    rename("Ours")
    shown = staff.get("/api/releases/catalogue/2").json()
    assert (shown["line"], shown["number"], shown["bundle"]["models"][GPT]["name"]) == ("catalogue", 2, "Ours")
    assert staff.get("/api/releases/router/0").json() == {"line": "router", "number": 0, "bundle": BUNDLE}


def test_two_releases_are_compared_value_by_value(staff: Client) -> None:
    rename("Ours")
    assert staff.get("/api/releases/catalogue/difference?before=1&after=2").json() == {
        "line": "catalogue", "before": 1, "after": 2,
        "differences": [{"path": f"models.{GPT}.name", "before": "GPT-5", "after": "Ours"}],
    }  # fmt: skip
    assert staff.get("/api/releases/catalogue/difference?before=0&after=1").json()["differences"] == []


@pytest.mark.parametrize(
    ("path", "status", "fields"),
    [
        ("/api/releases/horses/1", 404, []),
        ("/api/releases/router/9", 404, []),
        ("/api/releases/router/99999999999999999999", 404, []),
        ("/api/releases/horses/difference?before=0&after=1", 404, []),
        ("/api/releases/router/difference?before=0", 400, ["after"]),
        ("/api/releases/router/difference?before=x&after=1", 400, ["before"]),
        ("/api/releases/router/difference?before=0&after=9", 404, []),
        ("/api/rollouts/horses", 404, []),
    ],
)
def test_what_is_not_there_is_named(staff: Client, path: str, status: int, fields: list[str]) -> None:
    assert problem(staff.get(path)) == (status, fields)


def test_releases_are_listed_by_line_the_newest_first(staff: Client) -> None:
    rename("Ours")
    found = staff.get("/api/releases?line=catalogue").json()["results"]
    assert [(each["number"], each["reason"]) for each in found] == [(2, "Ours"), (1, "seed")]


# --- rollouts


def test_a_release_is_rolled_out_promoted_and_rolled_back(staff: Client, file: Path) -> None:
    draft = store.draft("catalogue", lambda: rename("Drafted"), because("an idea"))
    answer = post(staff, "catalogue", action="roll_out", release=draft, percent=10, reason="try it")
    assert (answer.status_code, answer.json()) == (
        200, {"line": "catalogue", "stable": 1, "candidate": 2, "percent": 10, "switch": True},
    )  # fmt: skip
    assert staff.get("/api/rollouts/catalogue").json() == answer.json()
    assert Model.objects.get(identifier=GPT).name == "Drafted"
    assert post(staff, "catalogue", action="promote", reason="good").json()["stable"] == 2
    assert post(staff, "catalogue", action="rollback", reason="bad").json()["stable"] == 1
    assert Model.objects.get(identifier=GPT).name == "GPT-5"
    assert post(staff, "catalogue", action="rollback", release=2, reason="not so bad").json()["stable"] == 2
    assert post(staff, "catalogue", action="rollback", release=0, reason="to the code").json()["stable"] == 0
    reasons = [each.history_change_reason for each in Rollout.history.filter(line="catalogue")][:5]
    assert reasons == ["to the code", "not so bad", "bad", "good", "try it"]
    assert {each.ip for each in Rollout.history.filter(line="catalogue")[:5]} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        ({"action": "roll_out", "release": 1}, 400, ["reason"]),
        ({"action": "rollback", "reason": "  "}, 400, ["reason"]),
        ({"action": "roll_out", "reason": "x"}, 400, ["release"]),
        ({"action": "roll_out", "release": 1, "percent": 0, "reason": "x"}, 400, ["percent"]),
        ({"action": "roll_out", "release": 1, "percent": 101, "reason": "x"}, 400, ["percent"]),
        ({"action": "roll_out", "release": -1, "reason": "x"}, 400, ["release"]),
        ({"action": "roll_out", "release": 9, "reason": "x"}, 404, []),
        ({"action": "rollback", "release": 9, "reason": "x"}, 404, []),
        ({"action": "promote", "reason": "x"}, 400, [""]),
        ({"action": "explode", "reason": "x"}, 400, ["action"]),
        ({"action": "rollback", "reason": "x", "to": 1}, 400, ["to"]),
    ],
)
def test_a_bad_rollout_is_refused_and_nothing_moves(
    staff: Client, body: dict[str, Any], status: int, fields: list[str]
) -> None:
    assert problem(post(staff, "router", **body)) == (status, fields)
    assert rollout.pointers()["router"] == Pointer(line="router", stable=1)


def test_a_number_that_no_release_can_have_is_unknown(staff: Client) -> None:
    assert problem(post(staff, "router", action="rollback", release=10**12, reason="x")) == (404, [])


def test_an_ordinary_key_may_look_but_not_move(cast: Cast) -> None:
    _, text = create_key(cast.ada.account, "reads", cast.ada.user, ["routing"])
    reads = Client(headers={"Authorization": f"Bearer {text}"})
    assert reads.get("/api/rollouts/catalogue").json()["stable"] == 1
    assert problem(post(reads, "catalogue", action="rollback", reason="x")) == (403, [])
    assert problem(reads.patch("/api/switches", {"catalogue": False, "reason": "x"}, "application/json")) == (403, [])
    assert problem(Client().get("/api/rollouts/catalogue"))[0] in {401, 403}


# --- switches


def test_a_switch_is_turned_at_once_and_says_who_and_why(staff: Client, file: Path) -> None:
    assert staff.get("/api/switches").json() == {"catalogue": True, "router": True}
    answer = staff.patch("/api/switches", {"router": False, "reason": "it decides badly"}, "application/json")
    assert (answer.status_code, answer.json()) == (200, {"catalogue": True, "router": False})
    assert switches.read(file) == {"USE_DB_ROUTER_CONFIG": False}
    note = json.loads(file.read_text())["last"]["USE_DB_ROUTER_CONFIG"]
    assert (note["on"], note["reason"]) == (False, "it decides badly")
    assert note["author"]
    version = staff.get("/api/changes?table=rollout&row=router&limit=1").json()["results"][0]
    assert (version["author"], version["reason"], version["ip"]) == ("staff", "it decides badly", "127.0.0.1")
    assert version["changes"][0] == {"field": "switch", "before": None, "after": False}
    assert staff.get("/api/rollouts/router").json()["switch"] is False
    body = {"task": {"category": "coding", "complexity": "simple"}}
    select = staff.post("/api/routing/select", body, "application/json").json()
    assert select["releases"] == {"catalogue": 1, "router": 0}
    staff.patch("/api/switches", {"router": True, "catalogue": False, "reason": "the other"}, "application/json")
    assert staff.get("/api/switches").json() == {"catalogue": False, "router": True}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"router": False}, "reason"),
        ({"router": "maybe", "reason": "x"}, "router"),
        ({"horse": True, "reason": "x"}, "horse"),
    ],
)
def test_a_bad_switch_is_refused(staff: Client, file: Path, body: dict[str, Any], field: str) -> None:
    assert problem(staff.patch("/api/switches", body, "application/json")) == (400, [field])
    assert not file.exists()
