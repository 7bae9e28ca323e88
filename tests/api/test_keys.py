"""API keys in the REST API: made, changed, rotated and revoked; the text of one is told once."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from budgets.errors import DisabledKey, RevokedKey, RotatedKey
from budgets.models import Account, ApiKey
from budgets.people.keys import create_key, find_caller
from tests.admin.people import some_staff
from tests.api.answers import problem
from tests.cast import Cast


def send(client: Client, method: str, path: str = "", **body: Any) -> Any:
    return getattr(client, method)(f"/api/keys{path}", body, "application/json")


def made(staff: Client, **more: Any) -> Any:
    answer = send(staff, "post", account="acme", name="app", reason="a project", **more)
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_key_is_made_and_its_text_told_once(staff: Client, cast: Cast) -> None:
    key = made(staff, user="ben", regions=["eu"], max_concurrent=3)
    caller = find_caller(key["key"])
    assert (caller.key_id, caller.user_id, caller.regions, caller.max_concurrent) == (
        key["id"], cast.ben.user.pk, frozenset({"eu"}), 3,
    )  # fmt: skip
    for path in ("", f"/{key['id']}"):
        shown = staff.get(f"/api/keys{path}").content.decode()
        assert key["prefix"] in shown
        assert key["key"] not in shown
    version = ApiKey.history.first()
    assert (version.history_user, version.history_change_reason) == (cast.staff, "a project")


def test_a_key_is_changed_and_switched_off_and_on(staff: Client, cast: Cast) -> None:
    key = made(staff)
    changed = send(staff, "patch", f"/{key['id']}", regions=["eu", "us"], is_enabled=False, reason="a pause")
    assert (changed.status_code, changed.json()["regions"], "key" in changed.json()) == (200, ["eu", "us"], False)
    with pytest.raises(DisabledKey):
        find_caller(key["key"])
    send(staff, "patch", f"/{key['id']}", is_enabled=True, reason="it goes on")
    assert find_caller(key["key"]).regions == frozenset({"eu", "us"})


def test_a_key_gets_a_new_secret_and_the_old_one_an_end(staff: Client, cast: Cast) -> None:
    key = made(staff)
    rotated = send(staff, "post", f"/{key['id']}/rotate", reason="yearly").json()
    assert find_caller(rotated["key"]) == find_caller(key["key"])
    assert rotated["previous_until"] > timezone.now().isoformat()
    at_once = send(staff, "post", f"/{key['id']}/rotate", until=timezone.now().isoformat(), reason="it leaked").json()
    with pytest.raises(RotatedKey):
        find_caller(rotated["key"])
    assert find_caller(at_once["key"]).key_id == key["id"]


def test_a_revoked_key_stays_revoked_and_gets_no_new_secret(staff: Client, cast: Cast) -> None:
    key = made(staff)
    assert send(staff, "post", f"/{key['id']}/revoke", reason="lost").json()["revoked_at"] is not None
    with pytest.raises(RevokedKey):
        find_caller(key["key"])
    assert problem(send(staff, "post", f"/{key['id']}/rotate", reason="please")) == (400, ["revoked_at"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"regions": ["EU"]}, "regions"), ({"regions": "eu"}, "regions"), ({"max_concurrent": 0}, "max_concurrent"),
        ({"max_concurrent": "many"}, "max_concurrent"), ({"is_enabled": "perhaps"}, "is_enabled"),
        ({"permissions": ["fly"]}, "permissions[0]"), ({"colour": "red"}, "colour"), ({"reason": " "}, "reason"),
        ({"regions": ["us"]}, "regions"),
    ],
)  # fmt: skip
def test_a_bad_value_names_its_field_and_changes_nothing(
    staff: Client, cast: Cast, body: dict[str, Any], field: str
) -> None:
    Account.objects.filter(slug="acme").update(regions=["eu"])
    given = {"account": "acme", "name": "app", "reason": "a project", **body}
    assert problem(send(staff, "post", **given)) == (400, [field])
    assert problem(send(staff, "patch", f"/{cast.ada.key.pk}", **{"reason": "a slip", **body})) == (400, [field])
    assert ApiKey.objects.get(pk=cast.ada.key.pk).regions == []


def test_an_overlap_that_is_too_long_is_refused(staff: Client, cast: Cast) -> None:
    until = (timezone.now() + timedelta(days=91)).isoformat()
    assert problem(send(staff, "post", f"/{cast.ada.key.pk}/rotate", until=until, reason="x")) == (400, ["until"])


def test_an_administrators_key_looks_after_the_keys_of_its_account_alone(cast: Cast) -> None:
    _, text = create_key(cast.ada.account, "admin", cast.staff, ["admin"])
    key = Client(headers={"Authorization": f"Bearer {text}"})
    assert {each["account"] for each in key.get("/api/keys").json()["results"]} == {"acme"}
    assert problem(send(key, "post", f"/{cast.cy.key.pk}/revoke", reason="not ours")) == (404, [])
    assert problem(send(key, "post", account="other", name="x", reason="not ours")) == (400, ["account"])


def test_nobody_gives_a_key_more_rights_than_they_have(cast: Cast) -> None:
    clerk = some_staff("add_apikey", "change_apikey", "view_apikey")
    asked: dict[str, Any] = {
        "account": "acme",
        "name": "x",
        "user": "staff",
        "permissions": ["admin"],
        "reason": "please",
    }
    assert problem(send(clerk, "post", **asked)) == (400, ["permissions"])
    key, text = create_key(cast.ada.account, "admin", cast.staff, ["admin"])
    assert problem(send(clerk, "post", f"/{key.pk}/rotate", reason="mine now")) == (400, ["permissions"])
    act = {"action": "rotate_keys", "_selected_action": [key.pk], "post": "yes", "reason": "mine now"}
    page = clerk.post("/admin/budgets/apikey/", act, follow=True).content.decode()
    assert "only they themselves or a superuser may give that" in page
    assert "<code>rh_" not in page
    assert find_caller(text).key_id == key.pk


def test_whose_a_key_is_stays_as_it_is(staff: Client, cast: Cast) -> None:
    answer = send(staff, "patch", f"/{cast.ada.key.pk}", account="other", reason="moved")
    assert problem(answer) == (400, ["account"])
    assert ApiKey.objects.get(pk=cast.ada.key.pk).account == cast.ada.account


# --- scopes

SCOPE: dict[str, Any] = {
    "models": ["openai:gpt-5"], "policies": ["code"], "endpoints": ["chat", "api"], "networks": ["10.0.0.0/8", "2001:db8::1"],
}  # fmt: skip


def test_a_key_is_bound_and_its_scope_is_told(staff: Client, cast: Cast) -> None:
    key = made(staff, **SCOPE)
    assert {name: key[name] for name in SCOPE} == SCOPE
    scope = find_caller(key["key"]).scope
    assert scope is not None
    assert (scope.models, scope.policies) == ({"openai:gpt-5"}, {"code"})
    assert scope.is_open_at("10.9.9.9")
    assert find_caller(cast.ada.text).scope is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"networks": ["10.0.0.1/8"]}, "networks[0]"), ({"networks": ["home"]}, "networks[0]"),
        ({"endpoints": ["fax"]}, "endpoints[0]"),
    ],
)  # fmt: skip
def test_a_scope_that_makes_no_sense_names_its_place(staff: Client, cast: Cast, body: Any, field: str) -> None:
    answer = send(staff, "post", account="acme", name="x", reason="x", **body)
    assert problem(answer) == (400, [field])


def test_the_rest_api_asks_for_the_scope_too_and_says_what_is_allowed(cast: Cast) -> None:
    for scope, allowed in (({"endpoints": ["chat"]}, "chat"), ({"networks": ["10.0.0.0/8"]}, "10.0.0.0/8")):
        _, text = create_key(cast.ada.account, "bound", **scope)
        answer = Client(headers={"Authorization": f"Bearer {text}"}).get("/api/models")
        assert problem(answer) == (403, [])
        assert answer.json()["detail"].endswith(f"allowed for it: {allowed}.")


def test_the_last_use_of_a_key_is_told(staff: Client, cast: Cast) -> None:
    assert Client(headers=cast.ben.auth).get("/api/models").status_code == 200
    shown = send(staff, "get", f"/{cast.ben.key.pk}").json()
    assert shown["last_used_at"] >= cast.ben.key.created_at.isoformat()
