"""Accounts in the REST API: seen and changed by staff alone, and marked for pro models, which then answer their keys."""

from typing import Any

import pytest
from django.test import Client

from budgets.models import Account
from budgets.people.keys import create_key, find_caller
from tests import seeds
from tests.api.answers import problem
from tests.cast import Cast

PRO = "anthropic:claude-opus-5-5"
ASKED = {
    "task": {"category": "coding", "complexity": "complex", "input_tokens": 1200, "needs": []},
    "candidates": [PRO],
}


def send(client: Client, method: str, path: str, **body: Any) -> Any:
    return getattr(client, method)(path, body, "application/json")


def test_an_account_is_made_and_changed_with_a_reason_that_the_history_keeps(staff: Client, cast: Cast) -> None:
    made = send(staff, "post", "/api/accounts", slug="new", name="New", reason="a customer")
    assert (made.status_code, made.json()["is_pro"], made.json()["is_active"]) == (201, False, True)
    changed = send(staff, "patch", "/api/accounts/acme", is_pro=True, reason="by contract")
    assert (changed.status_code, changed.json()["is_pro"]) == (200, True)
    newest = Account.history.values_list("slug", "history_user__username", "history_change_reason")[:2]
    assert list(newest) == [("acme", "staff", "by contract"), ("new", "staff", "a customer")]


def test_a_login_sees_all_accounts_and_an_administrators_key_its_own(cast: Cast) -> None:
    login = Client()
    login.force_login(cast.staff)
    _, text = create_key(cast.ada.account, "admin", cast.staff, ["admin"])
    key = Client(headers={"Authorization": f"Bearer {text}"})
    assert {each["slug"] for each in login.get("/api/accounts").json()["results"]} == {"acme", "other"}
    assert {each["slug"] for each in key.get("/api/accounts").json()["results"]} == {"acme"}
    assert send(key, "patch", "/api/accounts/other", is_pro=True, reason="not ours").status_code == 404


def test_what_is_kept_for_an_account_is_said_there_and_its_keys_know_it(staff: Client, cast: Cast) -> None:
    before = find_caller(cast.ada.text)
    assert (before.keeps_responses, before.may_cache) == (True, False)
    send(staff, "patch", "/api/accounts/acme", keeps_responses=False, may_cache=True, reason="by contract")
    after = find_caller(cast.ada.text)
    assert (after.keeps_responses, after.may_cache) == (False, True)


def test_the_regions_of_an_account_are_said_there_and_bind_all_its_keys(staff: Client, cast: Cast) -> None:
    changed = send(staff, "patch", "/api/accounts/acme", regions=["eu", "ch"], reason="by contract")
    assert (changed.status_code, changed.json()["regions"]) == (200, ["eu", "ch"])
    assert find_caller(cast.ada.text).regions == frozenset({"eu", "ch"})
    assert find_caller(cast.cy.text).regions is None
    _, text = create_key(cast.ada.account, "narrow", regions=["ch", "us"])
    assert find_caller(text).regions == frozenset({"ch"})
    ada = Client(headers=cast.ada.auth)
    refused = send(ada, "post", "/api/routing/select", **ASKED, region="us")
    assert problem(refused) == (400, ["region"])
    assert "Allowed for this key are ch, eu." in refused.content.decode()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"regions": ["EU"], "reason": "x"}, "regions"), ({"regions": "eu", "reason": "x"}, "regions"),
        ({"is_pro": "perhaps", "reason": "x"}, "is_pro"), ({"is_pro": True}, "reason"), ({"slug": "a b", "reason": "x"}, "slug"),
        ({"slug": "other", "reason": "x"}, "slug"), ({"colour": "red", "reason": "x"}, "colour"),
    ],
)  # fmt: skip
def test_a_bad_change_names_its_field_and_changes_nothing(
    staff: Client, cast: Cast, body: dict[str, Any], field: str
) -> None:
    assert problem(send(staff, "patch", "/api/accounts/acme", **body)) == (400, [field])
    assert Account.objects.filter(slug="acme", is_pro=False).exists()


def test_who_is_not_staff_sees_and_changes_no_account(cast: Cast) -> None:
    ada = Client(headers=cast.ada.auth)
    assert problem(ada.get("/api/accounts")) == (403, [])
    assert problem(send(ada, "patch", "/api/accounts/acme", is_pro=True, reason="please")) == (403, [])
    assert not find_caller(cast.ada.text).is_pro


def test_a_pro_model_is_a_candidate_for_keys_of_marked_accounts_alone(staff: Client, cast: Cast) -> None:
    seeds.both()
    ada = Client(headers=cast.ada.auth)
    refused = send(ada, "post", "/api/routing/select", **ASKED)
    assert refused.status_code == 422
    reason = "it is a pro model, and the account is not marked for those"
    assert refused.json()["excluded"] == [{"model": PRO, "code": "pro", "reason": reason}]
    send(staff, "patch", "/api/accounts/acme", is_pro=True, reason="by contract")
    assert send(ada, "post", "/api/routing/select", **ASKED).json()["model"] == PRO
    cy = Client(headers=cast.cy.auth)
    assert send(cy, "post", "/api/routing/select", **ASKED).status_code == 422
