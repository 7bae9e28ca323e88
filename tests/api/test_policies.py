"""Policies, task types and scores in the REST API: read by anybody, changed by staff with a reason, live at once."""

from typing import Any

import pytest
from django.test import Client

from autorouter.models import Policy, TaskType
from routerhub.releases import rollout, store
from routerhub.releases.models import Release
from tests.api.answers import problem
from tests.cast import Cast

ABC = ["openai:gpt-5", "anthropic:claude-sonnet-4", "google:gemini-2.5-pro"]
NEW = {"name": "own", "title": "Our own", "models": ABC, "reason": "we want it"}
POLICIES, TYPES = "/api/routing/policies", "/api/routing/task-types"


pytestmark = pytest.mark.usefixtures("both_seeded")


@pytest.fixture
def reader(cast: Cast) -> Client:
    return Client(headers=cast.ada.auth)


def send(client: Client, method: str, path: str, **body: Any) -> Any:
    return getattr(client, method)(path, body, "application/json")


def live() -> dict[str, Any]:
    return store.bundle("router", rollout.pointers()["router"].stable)


# --- policies


def test_who_names_a_deprecated_model_is_told_who_answers_in_its_place(staff: Client) -> None:
    models = ["openai:gpt-3.5-turbo", "openai:gpt-5", "anthropic:claude-3-opus"]
    answer = send(staff, "post", POLICIES, **{**NEW, "models": models})
    told = {"openai:gpt-3.5-turbo": "openai:gpt-4o-mini", "anthropic:claude-3-opus": "anthropic:claude-opus-4-8"}
    assert (answer.status_code, answer.json()["models"], answer.json()["stand_ins"]) == (201, models, told)
    assert staff.get(f"{POLICIES}/own").json()["stand_ins"] == told
    asked = {"category": "coding", "complexity": "simple", "input_tokens": 100, "needs": []}
    decision = send(staff, "post", "/api/routing/select", task=asked, policy="own").json()
    assert [each["model"] for each in decision["candidates"]] == [
        "openai:gpt-4o-mini", "openai:gpt-5", "anthropic:claude-opus-4-8",
    ]  # fmt: skip
    assert "deprecated since 2026-10-23, use openai:gpt-4o-mini" in decision["excluded"][1]["reason"]


def test_a_policy_is_posted_version_by_version(staff: Client) -> None:
    answer = send(staff, "post", POLICIES, **NEW, max_cost_usd="0.02", adjust_max_places=2)
    assert (answer.status_code, answer.json()["version"], answer.json()["is_active"]) == (201, 1, True)
    assert "reason" not in answer.json()
    assert live()["policies"]["own"]["models"] == ABC
    assert live()["policies"]["own"]["max_cost_usd"] == 0.02
    second = send(staff, "post", POLICIES, **{**NEW, "models": ABC[::-1], "reason": "better"}).json()
    assert (second["version"], second["models"]) == (2, ABC[::-1])
    assert live()["policies"]["own"]["models"] == ABC[::-1]
    assert staff.get(f"{POLICIES}/own").json()["version"] == 2
    listed = staff.get(f"{POLICIES}?name=own").json()["results"]
    assert [(each["version"], each["is_active"]) for each in listed] == [(2, True), (1, False)]
    newest = Release.objects.filter(line="router").order_by("-number")[0]
    assert newest.reason == "better"
    version = Policy.objects.get(name="own", version=2).history.get()
    assert (version.history_change_reason, version.ip) == ("better", "127.0.0.1")
    assert version.history_user is not None


def test_a_policys_models_may_be_placed_by_priority_and_its_limits_called_otherwise(staff: Client) -> None:
    placed = [{"provider": "openai", "model": "gpt-5", "priority": 2},
              {"provider": "anthropic", "model": "claude-sonnet-4", "priority": 1}]  # fmt: skip
    body = {
        "models": placed,
        "max_cost_per_task": 0.05,
        "max_tokens": 900,
        "temperature": 0.2,
        "reason": "as elsewhere",
    }
    made = send(staff, "post", POLICIES, name="own", **body)
    assert made.status_code == 201
    assert made.json() == {
        "name": "own", "version": 1, "title": "own", "models": ABC[1::-1], "max_cost_usd": "0.050000",
        "max_output_tokens": 900, "temperature": "0.20", "hedge_after_ms": None, "orders_by_complexity": False,
        "is_active": True, "adjust_max_places": 0,
        "adjust_min_requests": 50, "adjust_margin": "5.0", "stand_ins": {},
    }  # fmt: skip
    assert live()["policies"]["own"]["models"] == ABC[1::-1]
    again = send(staff, "post", POLICIES, name="code", **body).json()
    assert (again["version"], again["title"]) == (2, Policy.objects.get(name="code", version=1).title)


def test_when_a_policy_is_hedged_is_set_and_given_up_by_version(staff: Client) -> None:
    first = send(staff, "post", POLICIES, **NEW, hedge_after_ms=800).json()
    assert (first["hedge_after_ms"], live()["policies"]["own"]["hedge_after_ms"]) == (800, 800)
    second = send(staff, "post", POLICIES, **NEW, hedge_after_ms=None).json()
    assert (second["hedge_after_ms"], "hedge_after_ms" in live()["policies"]["own"]) == (None, False)


def test_that_a_policy_goes_by_complexity_is_set_by_version_shown_in_decisions_and_tried_by_the_preview(
    staff: Client,
) -> None:
    def first(**changes: Any) -> tuple[str, str | None]:
        send(staff, "post", POLICIES, **{**NEW, "models": ABC[1::-1], **changes})
        asked = {"category": "coding", "complexity": "simple", "input_tokens": 100, "needs": []}
        decision = send(staff, "post", "/api/routing/select", task=asked, policy="own").json()
        return decision["model"], decision.get("policy_first")

    assert first() == (ABC[1], None)
    cheapest, how = first(orders_by_complexity=True)
    assert (cheapest, how, live()["policies"]["own"]["orders_by_complexity"]) == (ABC[0], "cheapest", True)
    assert first(orders_by_complexity=False) == (ABC[1], None)
    assert "orders_by_complexity" not in live()["policies"]["own"]
    changes = {"policies": {"own": {"orders_by_complexity": True}}}
    assert send(staff, "post", "/api/router/preview", changes=changes, limit=10).status_code == 200


def test_an_earlier_version_is_activated_and_a_policy_deactivated(staff: Client) -> None:
    send(staff, "post", POLICIES, **NEW)
    send(staff, "post", POLICIES, **{**NEW, "models": ABC[::-1]})
    back = send(staff, "post", f"{POLICIES}/own/activate", version=1, reason="it was better")
    assert (back.status_code, back.json()["version"], live()["policies"]["own"]["models"]) == (200, 1, ABC)
    off = send(staff, "post", f"{POLICIES}/own/deactivate", reason="nobody uses it")
    assert (off.status_code, "own" in live()["policies"]) == (204, False)
    assert problem(staff.get(f"{POLICIES}/own")) == (404, [])
    again = send(staff, "post", f"{POLICIES}/own/activate", version=2, reason="we do")
    assert (again.status_code, live()["policies"]["own"]["version"]) == (200, 2)


def test_a_policy_that_a_task_type_needs_stays_and_the_problem_says_which(staff: Client) -> None:
    needed = TaskType.objects.all()[0]
    before = (Policy.history.count(), Release.objects.count())
    answer = send(staff, "post", f"{POLICIES}/{needed.policy}/deactivate", reason="x")
    status, fields = problem(answer)
    assert status == 400
    assert f"task_types.{needed.name}" in fields
    assert Policy.objects.filter(name=needed.policy, is_active=True).exists()
    assert (Policy.history.count(), Release.objects.count()) == before


@pytest.mark.parametrize(
    ("path", "body", "status", "fields"),
    [
        ("", {**NEW, "reason": " "}, 400, ["reason"]),
        ("", {**NEW, "models": []}, 400, ["models"]),
        ("", {**NEW, "models": ["openai:gtp-5"]}, 400, ["models"]),
        ("", {**NEW, "models": "openai:gpt-5"}, 400, ["models"]),
        ("", {**NEW, "models": [{"provider": "openai", "model": "gtp-5", "priority": 1}]}, 400, ["models"]),
        ("", {**NEW, "models": [{"provider": "openai", "model": "gpt-5"}]}, 400, ["models[0].priority"]),
        ("", {**NEW, "models": [{"provider": "openai", "model": "gpt-5", "rank": 1}]}, 400, ["models[0].rank"]),
        ("", {**NEW, "max_cost_per_task": -1}, 400, ["max_cost_per_task"]),
        ("", {**NEW, "max_tokens": 0}, 400, ["max_tokens"]),
        ("", {**NEW, "max_tokens": 9, "max_output_tokens": 9}, 400, ["max_tokens"]),
        ("", {**NEW, "name": "not a slug"}, 400, ["name"]),
        ("", {**NEW, "title": ""}, 400, ["title"]),
        ("", {**NEW, "max_cost_usd": -1}, 400, ["max_cost_usd"]),
        ("", {**NEW, "temperature": 2.5}, 400, ["temperature"]),
        ("", {**NEW, "temperature": "\uff11"}, 400, ["temperature"]),
        ("", {**NEW, "max_output_tokens": "\uff11\uff12"}, 400, ["max_output_tokens"]),
        ("", {**NEW, "orders_by_complexity": "often"}, 400, ["orders_by_complexity"]),
        ("", {**NEW, "hedge_after_ms": 0}, 400, ["hedge_after_ms"]),
        ("", {**NEW, "hedge_after_ms": 600_001}, 400, ["hedge_after_ms"]),
        ("", {**NEW, "hedge_after_ms": "soon"}, 400, ["hedge_after_ms"]),
        ("", {**NEW, "adjust_max_places": 21}, 400, ["adjust_max_places"]),
        ("", {**NEW, "adjust_margin": 101}, 400, ["adjust_margin"]),
        ("", {**NEW, "colour": 1}, 400, ["colour"]),
        ("/code/activate", {"version": 99, "reason": "x"}, 400, ["version"]),
        ("/code/activate", {"version": 0, "reason": "x"}, 400, ["version"]),
        ("/code/activate", {"version": 1}, 400, ["reason"]),
        ("/nothing/activate", {"version": 1, "reason": "x"}, 400, ["version"]),
        ("/nothing/deactivate", {"reason": "x"}, 400, ["name"]),
        ("/code/deactivate", {}, 400, ["reason"]),
    ],
)
def test_a_bad_change_of_a_policy_is_a_problem_and_nothing_moves(
    staff: Client, path: str, body: dict[str, Any], status: int, fields: list[str]
) -> None:
    before = (list(Policy.objects.values()), Release.objects.count(), live())
    assert problem(send(staff, "post", POLICIES + path, **body)) == (status, fields)
    assert (list(Policy.objects.values()), Release.objects.count(), live()) == before


def test_a_version_number_is_not_the_callers_to_choose(staff: Client) -> None:
    assert send(staff, "post", POLICIES, **NEW, version=7).json()["version"] == 1


# --- task types


def test_a_task_type_is_made_moved_and_deleted_with_a_reason(staff: Client) -> None:
    made = send(staff, "post", TYPES, name="translate", policy="ops", reason="new kind")
    assert (made.status_code, made.json()) == (201, {"name": "translate", "policy": "ops"})
    assert live()["task_types"]["translate"] == "ops"
    moved = send(staff, "patch", f"{TYPES}/translate", policy="code", reason="move")
    assert (moved.status_code, live()["task_types"]["translate"]) == (200, "code")
    assert staff.get(f"{TYPES}/translate").json()["policy"] == "code"
    gone = staff.delete(f"{TYPES}/translate?reason=not+needed")
    assert (gone.status_code, "translate" in live()["task_types"]) == (204, False)
    history = TaskType.history.filter(name="translate")
    assert [(each.history_type, each.history_change_reason) for each in history] == [
        ("-", "not needed"), ("~", "move"), ("+", "new kind"),
    ]  # fmt: skip
    assert problem(staff.get(f"{TYPES}/translate")) == (404, [])


@pytest.mark.parametrize(
    ("method", "path", "body", "fields"),
    [
        ("post", "", {"name": "fix_bug", "policy": "code", "reason": "x"}, ["name"]),
        ("post", "", {"name": "new", "policy": "code"}, ["reason"]),
        ("post", "", {"name": "new", "policy": "nothing", "reason": "x"}, ["task_types.new"]),
        ("post", "", {"name": "a b", "policy": "code", "reason": "x"}, ["name"]),
        ("patch", "/fix_bug", {"policy": "nothing", "reason": "x"}, ["task_types.fix_bug"]),
        ("patch", "/fix_bug", {"policy": "ops"}, ["reason"]),
        ("patch", "/fix_bug", {"colour": "x", "reason": "x"}, ["colour"]),
        ("delete", "/fix_bug", {}, ["reason"]),
        ("delete", "/fix_bug?reason=", {}, ["reason"]),
        ("delete", "/fix_bug?reason=%20", {}, ["reason"]),
    ],
)
def test_a_bad_change_of_a_task_type_is_a_problem_and_nothing_moves(
    staff: Client, method: str, path: str, body: dict[str, Any], fields: list[str]
) -> None:
    before = (list(TaskType.objects.values()), TaskType.history.count(), live())
    assert problem(send(staff, method, TYPES + path, **body)) == (400, fields)
    assert (list(TaskType.objects.values()), TaskType.history.count(), live()) == before


# --- scores


def facts(value: object, **changes: Any) -> dict[str, Any]:
    return {"value": value, "source": "our own runs", "dated": "2026-11-20", "is_estimated": False, **changes}


def test_scores_of_many_models_are_changed_at_once(staff: Client) -> None:
    answer = send(staff, "patch", "/api/profiles", profiles={ABC[0]: {"coding": facts(50)}, ABC[1]: {"quality": facts(51.5)}},
                reason="measured")  # fmt: skip
    assert (answer.status_code, answer.json()) == (200, {"release": 2})
    assert live()["profiles"][ABC[0]]["coding"]["value"] == 50
    assert live()["profiles"][ABC[1]]["quality"]["value"] == 51.5


def test_one_bad_score_keeps_all_of_them_out(staff: Client) -> None:
    before = live()
    answer = send(staff, "patch", "/api/profiles", profiles={ABC[0]: {"coding": facts(50)}, ABC[1]: {"coding": facts(500)}},
                  reason="x")  # fmt: skip
    assert problem(answer) == (400, [f"profiles.{ABC[1]}.coding.value"])
    assert live() == before


@pytest.mark.parametrize("bad", [{"dated": "yesterday"}, {"source": "x" * 256}])
def test_a_score_that_cannot_be_kept_is_a_problem_of_the_caller(staff: Client, bad: dict[str, Any]) -> None:
    staff.raise_request_exception = False
    answer = send(staff, "patch", "/api/profiles", profiles={ABC[0]: {"coding": facts(50, **bad)}}, reason="x")
    assert answer.status_code == 400


# --- who may


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", POLICIES, NEW),
        ("post", f"{POLICIES}/code/activate", {"version": 1, "reason": "x"}),
        ("post", f"{POLICIES}/code/deactivate", {"reason": "x"}),
        ("post", TYPES, {"name": "new", "policy": "code", "reason": "x"}),
        ("patch", f"{TYPES}/fix_bug", {"policy": "ops", "reason": "x"}),
        ("delete", f"{TYPES}/fix_bug?reason=x", {}),
        ("patch", "/api/profiles", {"profiles": {ABC[0]: {"coding": facts(1)}}, "reason": "x"}),
    ],
)
def test_an_ordinary_key_may_look_but_not_change(reader: Client, method: str, path: str, body: dict[str, Any]) -> None:
    before = live()
    assert problem(send(reader, method, path, **body)) == (403, [])
    assert problem(send(Client(), method, path, **body))[0] in {401, 403}
    assert live() == before


def test_an_ordinary_key_reads_policies_and_task_types(reader: Client) -> None:
    assert reader.get(f"{POLICIES}/code").json()["models"]
    assert reader.get(f"{TYPES}/fix_bug").json()["policy"] == "code"
