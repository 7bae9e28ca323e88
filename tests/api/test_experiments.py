"""Trying out, explaining and learning in the REST API."""

import uuid
from typing import Any

import pytest
from django.test import Client

from autorouter.models import Preferences
from autorouter.types import Constraints
from budgets.people.keys import create_key
from experiments.learning import proposals
from experiments.models import LearningRound, Proposal
from experiments.replay import traffic
from routerhub.releases import rollout, store
from tests.api.answers import problem
from tests.cast import Cast
from tests.experiments.learning.test_proposals import a_sure_difference
from tests.experiments.traffic import LARGE, MIDDLE, SHIPPED, SMALL, draft, open_shop, policy, request


@pytest.fixture(autouse=True)
def shop(cast: Cast) -> None:
    open_shop(code=policy(LARGE, SMALL))
    traffic._remembered.clear()


def with_key(cast: Cast, *permissions: str) -> Client:
    _, text = create_key(cast.ada.account, "a key", cast.ada.user, list(permissions))
    return Client(headers={"Authorization": f"Bearer {text}"})


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(f"/api/{path}", body, "application/json")


# --- previews and backtests


def test_a_draft_is_tried_over_the_records(staff: Client, cast: Cast) -> None:
    for _ in range(4):
        request(account_id=cast.ada.account.pk)
    answer = post(staff, "backtests", router=draft(cheap_below=0.5), max_moved=0.5, max_quality_loss=25)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["requests"], told["moved"], told["recorded"]) == (4, 4, True)
    assert told["flows"] == [{"before": MIDDLE, "after": SMALL, "requests": 4, "cost_change_usd": -0.0022}]
    assert told["passed"] == ["share of moved requests is 100.00%, more than 50.00%"]


def test_values_that_are_not_saved_are_previewed(staff: Client, cast: Cast) -> None:
    request(account_id=cast.ada.account.pk)
    told = post(staff, "router/preview", changes={"config": {"cheap_below": 0.5}}).json()
    assert told["flows"] == [{"before": MIDDLE, "after": SMALL, "requests": 1, "cost_change_usd": -0.00055}]
    assert rollout.pointers()["router"].stable == 1


def test_a_slice_is_chosen_by_its_fields(staff: Client, cast: Cast) -> None:
    account = cast.ada.account.pk
    request(user_id=5, account_id=account)
    request(asked={"category": "research"}, account_id=account)
    for field, value, count in (
        ("user_id", 5, 1),
        ("category", "research", 1),
        ("model", LARGE, SHIPPED),
        ("limit", 1, 1),
    ):
        assert post(staff, "backtests", **{field: value}).json()["requests"] == count, field


@pytest.mark.parametrize(("path", "body"), [("backtests", {}), ("router/preview", {"changes": {}})])
def test_a_key_replays_the_requests_of_its_own_account_alone(cast: Cast, path: str, body: dict[str, Any]) -> None:
    _, text = create_key(cast.ada.account, "admin", cast.staff, ["admin"])
    key = Client(headers={"Authorization": f"Bearer {text}"})
    for member, count in ((cast.ada, 1), (cast.cy, 3)):
        for _ in range(count):
            request(account_id=member.account.pk)
    assert post(key, path, **body).json()["requests"] == 1
    answer = post(key, path, **body, account_id=cast.cy.account.pk)
    assert problem(answer) == (400, ["account_id"])
    assert "is not the account of this key" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "body", "status", "fields"),
    [
        ("backtests", {"router": 99}, 404, []),
        ("backtests", {"router": -1}, 400, ["router"]),
        ("backtests", {"limit": 0}, 400, ["limit"]),
        ("backtests", {"limit": 100_001}, 400, ["limit"]),
        ("backtests", {"since": "yesterday"}, 400, ["since"]),
        ("backtests", {"since": "2026-11-20T00:00Z", "until": "2026-11-19T00:00Z"}, 400, ["since"]),
        ("backtests", {"colour": 1}, 400, ["colour"]),
        ("backtests", {"max_moved": "many"}, 400, ["max_moved"]),
        ("router/preview", {}, 400, ["changes"]),
        ("router/preview", {"changes": 5}, 400, ["changes"]),
        ("router/preview", {"changes": {"config": {"stickiness_bonus": 101}}}, 400, ["config.stickiness_bonus"]),
        ("router/preview", {"changes": {"policies": {"code": {"models": []}}}}, 400, ["policies.code.models"]),
        ("router/preview", {"changes": {}, "limit": "x"}, 400, ["limit"]),
    ],
)
def test_a_bad_value_is_named(staff: Client, path: str, body: dict[str, Any], status: int, fields: list[str]) -> None:
    assert problem(post(staff, path, **body)) == (status, fields)


@pytest.mark.parametrize("path", ["backtests", "router/preview", "learning/rounds"])
def test_trying_out_and_learning_are_for_staff_only(cast: Cast, path: str) -> None:
    for client in (with_key(cast, "inference", "routing"), Client(), Client(headers=cast.cy.auth)):
        assert post(client, path, changes={}).status_code in {401, 403}
    assert not LearningRound.objects.exists()


# --- decisions


def test_a_decision_is_explained_to_its_account_and_to_staff(staff: Client, cast: Cast) -> None:
    operation = request(Constraints(rules=("mine",), blocked_models=frozenset({LARGE})), account_id=cast.ada.account.pk)
    mine = Client(headers=cast.ben.auth).get(f"/api/decisions/{operation}")
    assert mine.status_code == 200
    story = mine.json()
    assert (story["operation_id"], story["model"], story["reproduced"]) == (str(operation), MIDDLE, True)
    assert [each["model"] for each in story["candidates"]] == [MIDDLE, SMALL]
    assert [each["code"] for each in story["excluded"]] == ["blocked"]
    assert (story["rules"], story["runner_up"]["model"]) == (["mine"], SMALL)
    assert story["would_differ"][0] == f"{SMALL} was 10 points short of 40."
    assert staff.get(f"/api/decisions/{operation}").json() == story


def test_a_decision_of_another_account_is_not_there(cast: Cast) -> None:
    operation = request(account_id=cast.ada.account.pk)
    theirs = Client(headers=cast.cy.auth).get(f"/api/decisions/{operation}")
    assert problem(theirs) == (404, [])
    login = Client()
    login.force_login(cast.cy.user)
    assert problem(login.get(f"/api/decisions/{operation}")) == (404, [])
    login.force_login(cast.ada.user)
    assert login.get(f"/api/decisions/{operation}").status_code == 200
    assert Client().get(f"/api/decisions/{operation}").status_code in {401, 403}


@pytest.mark.parametrize("given", [str(uuid.UUID(int=7)), "horse", "1", "%00", "-" * 300])
def test_an_id_that_no_record_has_is_not_there(staff: Client, given: str) -> None:
    assert problem(staff.get(f"/api/decisions/{given}")) == (404, [])


# --- rules


def test_what_ones_rules_did_is_told(cast: Cast) -> None:
    block = {"name": "no middle", "when": {}, "then": {"block": {"models": [MIDDLE]}}}
    Preferences.objects.create(user=cast.ada.user, rules=[block])
    for person, account in ((cast.ada, cast.ada), (cast.ben, cast.ben), (cast.ada, cast.cy)):
        request(user_id=person.user.pk, account_id=account.account.pk)
    answers = [Client(headers=each.auth).get("/api/preferences/rules/effects").json() for each in (cast.ada, cast.ben)]
    assert answers == [{"rules": [{"rule": "no middle", "requests": 1, "fired": 1, "moved": 1}]}, {"rules": []}]
    assert Client().get("/api/preferences/rules/effects").status_code in {401, 403}


# --- learning


def test_a_round_is_begun_and_listed(staff: Client) -> None:
    made = post(staff, "learning/rounds")
    assert made.status_code == 201
    assert made.json()["verdict"].startswith("no evidence: ")
    listed = staff.get("/api/learning/rounds").json()["results"]
    assert [each["id"] for each in listed] == [made.json()["id"]]
    assert staff.get(f"/api/learning/rounds/{made.json()['id']}").json() == made.json()


def test_proposals_are_listed_with_their_evidence_and_filtered(staff: Client) -> None:
    a_sure_difference()
    proposals.learn()
    found = staff.get("/api/learning/proposals").json()["results"]
    assert {each["subject"]: (each["before"], each["after"], each["state"]) for each in found} == {
        LARGE: (90, 94.0, "open"), SMALL: (60, 56.0, "open"),
    }  # fmt: skip
    assert all(each["evidence"]["sample"] == 40 and each["summary"] for each in found)
    for query, count in ((f"subject={LARGE}", 1), ("state=accepted", 0), ("kind=score", 2), ("kind=order", 0)):
        assert len(staff.get(f"/api/learning/proposals?{query}").json()["results"]) == count, query


def test_a_proposal_is_accepted_with_a_reason_and_only_once(staff: Client) -> None:
    a_sure_difference()
    proposals.learn()
    found = Proposal.objects.get(subject=LARGE)
    path = f"learning/proposals/{found.pk}"
    assert problem(post(staff, f"{path}/accept")) == (400, ["reason"])
    told = post(staff, f"{path}/accept", reason="people like it").json()
    assert (told["state"], told["reason"], told["release"]) == ("accepted", "people like it", 2)
    assert told["decided_by"] in {"staff", "ada"}
    again = post(staff, f"{path}/accept", reason="again")
    assert problem(again)[0] == 400
    assert f"Proposal {found.pk} is accepted." in again.json()["detail"]
    assert problem(post(staff, f"{path}/reject", reason="again"))[0] == 400
    assert store.bundle("router", 2)["profiles"][LARGE]["coding"]["value"] == 94
    assert rollout.pointers()["router"].stable == 2


def test_a_proposal_is_rejected_with_a_reason(staff: Client) -> None:
    a_sure_difference()
    proposals.learn()
    path = f"learning/proposals/{Proposal.objects.get(subject=SMALL).pk}/reject"
    assert problem(post(staff, path, reason="")) == (400, ["reason"])
    told = post(staff, path, reason="a fashion").json()
    assert (told["state"], told["reason"], told["release"]) == ("rejected", "a fashion", None)
    assert rollout.pointers()["router"].stable == 1


def test_only_staff_decide_on_proposals(cast: Cast) -> None:
    a_sure_difference()
    proposals.learn()
    found = Proposal.objects.get(subject=LARGE)
    for client in (with_key(cast, "inference", "routing"), Client(headers=cast.cy.auth), Client()):
        for action in ("accept", "reject"):
            answer = post(client, f"learning/proposals/{found.pk}/{action}", reason="x")
            assert answer.status_code in {401, 403}
    found.refresh_from_db()
    assert (found.state, rollout.pointers()["router"].stable) == ("open", 1)


def test_a_proposal_that_there_is_not_is_not_there(staff: Client) -> None:
    assert problem(post(staff, "learning/proposals/99999/accept", reason="x")) == (404, [])
