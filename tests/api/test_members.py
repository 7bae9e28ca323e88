"""Members of an account in the REST API: roles given and taken, switched off and removed, by the account's own people."""

from typing import Any

import pytest
from django.test import Client

from budgets.errors import MemberInactive, RevokedKey
from budgets.models import ApiKey, Limit, Membership
from budgets.people.keys import create_key, find_caller, load_ring
from tests.api.answers import problem, send
from tests.cast import Cast, Member, UserFactory

MEMBERS = "accounts/acme/members"


@pytest.fixture
def owner(cast: Cast) -> Client:
    """Ada, signed in: no staff."""
    return signed_in(cast.ada)


def signed_in(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def test_an_account_sees_its_members_and_nobody_elses(owner: Client, cast: Cast) -> None:
    found = owner.get(f"/api/{MEMBERS}").json()["results"]
    assert [(each["user"], each["role"], each["is_active"]) for each in found] == [
        ("ada", "owner", True), ("ben", "member", True),
    ]  # fmt: skip
    assert problem(owner.get("/api/accounts/other/members")) == (404, [])


def test_a_role_is_given_with_a_reason_that_the_history_keeps(owner: Client, cast: Cast) -> None:
    assert send(owner, "PATCH", f"{MEMBERS}/ben", role="admin", reason="he runs it now").json()["role"] == "admin"
    version = Membership.history.first()
    assert (version.history_user, version.history_change_reason) == (cast.ada.user, "he runs it now")
    assert version.ip == "127.0.0.1"


@pytest.mark.parametrize(
    ("role", "target", "body"),
    [
        ("admin", "ada", {"role": "member"}), ("admin", "ada", {"is_active": False}), ("admin", "ben", {"role": "owner"}),
    ],
)  # fmt: skip
def test_nobody_gives_or_takes_a_role_above_their_own(cast: Cast, role: str, target: str, body: dict[str, Any]) -> None:
    Membership.objects.filter(user=cast.ben.user).update(role=role)
    assert problem(send(signed_in(cast.ben), "PATCH", f"{MEMBERS}/{target}", reason="up", **body)) == (400, ["role"])
    assert set(Membership.objects.values_list("role", "is_active")) == {("owner", True), (role, True)}


@pytest.mark.parametrize("body", [{"role": "admin"}, {"is_active": False}])
def test_the_last_owner_is_neither_lowered_nor_switched_off_nor_leaves(
    owner: Client, cast: Cast, body: dict[str, Any]
) -> None:
    assert problem(send(owner, "PATCH", f"{MEMBERS}/ada", reason="enough", **body)) == (400, ["role"])
    assert problem(owner.delete(f"/api/{MEMBERS}/ada?reason=enough")) == (400, ["role"])
    send(owner, "PATCH", f"{MEMBERS}/ben", role="owner", reason="two are better")
    assert owner.delete(f"/api/{MEMBERS}/ada?reason=enough").status_code == 204


def test_who_is_switched_off_has_keys_that_say_so_until_they_are_back(owner: Client, cast: Cast) -> None:
    for is_active in (False, True):
        send(owner, "PATCH", f"{MEMBERS}/ben", is_active=is_active, reason="a leave")
        if is_active:
            assert find_caller(cast.ben.text).user_id == cast.ben.user.pk
        else:
            with pytest.raises(MemberInactive) as refused:
                load_ring().find(cast.ben.text, cast.ben.key.created_at)
            assert refused.value.code == "member_inactive"


def test_a_person_who_is_switched_off_has_no_keys_anywhere(cast: Cast) -> None:
    cast.ben.user.is_active = False
    cast.ben.user.save()
    with pytest.raises(MemberInactive):
        find_caller(cast.ben.text)


def test_who_is_removed_or_leaves_has_revoked_keys(owner: Client, cast: Cast) -> None:
    assert signed_in(cast.ben).delete(f"/api/{MEMBERS}/ben?reason=a+new+job").status_code == 204
    with pytest.raises(RevokedKey):
        find_caller(cast.ben.text)
    assert ApiKey.history.first().history_change_reason == "a new job"
    assert find_caller(cast.ada.text).account == "acme"


def test_a_membership_that_is_gone_by_any_way_takes_the_key_along(cast: Cast) -> None:
    Membership.objects.filter(user=cast.ben.user).delete()
    with pytest.raises(MemberInactive):
        find_caller(cast.ben.text)


def test_a_viewers_key_calls_no_model_whatever_it_was_given(cast: Cast) -> None:
    Membership.objects.filter(user=cast.ben.user).update(role="viewer")
    assert find_caller(cast.ben.text).permissions == {"routing"}


def test_staff_put_somebody_in_by_name_and_members_do_not(owner: Client, cast: Cast) -> None:
    UserFactory.create(username="dee")
    body = {"user": "dee", "role": "viewer", "reason": "she audits"}
    assert problem(send(owner, "POST", MEMBERS, **body)) == (403, [])
    staff = Client()
    staff.force_login(cast.staff)
    assert send(staff, "POST", MEMBERS, **body).status_code == 201
    assert problem(send(staff, "POST", MEMBERS, **body))[0] == 400


def test_owners_change_what_is_theirs_of_their_account(owner: Client, cast: Cast) -> None:
    changed = send(owner, "PATCH", "accounts/acme", keeps_responses=False, reason="we keep nothing")
    assert (changed.status_code, changed.json()["keeps_responses"]) == (200, False)
    assert problem(send(owner, "PATCH", "accounts/acme", is_pro=True, reason="please")) == (400, ["is_pro"])


# --- their keys


def key_of(client: Client, **body: Any) -> Any:
    return send(client, "POST", "keys", **{"account": "acme", "name": "app", "reason": "a project", **body})


def test_a_members_key_is_their_own_and_a_viewer_makes_none(cast: Cast) -> None:
    ben = signed_in(cast.ben)
    assert key_of(ben).json()["user"] == "ben"
    assert {each["user"] for each in ben.get("/api/keys").json()["results"]} == {"ben"}
    assert problem(key_of(ben, user="ada")) == (400, ["user"])
    assert problem(key_of(ben, account="other")) == (400, ["account"])
    Membership.objects.filter(user=cast.ben.user).update(role="viewer")
    assert problem(key_of(ben)) == (403, [])


def test_an_owner_makes_service_keys_with_a_limit_of_their_own(owner: Client, cast: Cast) -> None:
    made = key_of(owner, limit={"amount_usd": "2.5", "period": "day"}).json()
    assert made["user"] is None
    limit = Limit.objects.get(kind="key", subject=str(made["id"]))
    assert (limit.amount, limit.period, limit.measure) == (2_500_000_000, "day", "money")
    assert limit.history.first().history_user == cast.ada.user
    assert problem(key_of(owner, limit={"amount_usd": -1})) == (400, ["limit.amount_usd"])


def test_no_key_is_made_for_who_does_not_belong_to_the_account(owner: Client, cast: Cast) -> None:
    assert problem(key_of(owner, user="cy")) == (400, ["user"])


def test_a_key_that_acts_as_its_person_is_given_by_them_alone(owner: Client, cast: Cast) -> None:
    Membership.objects.filter(user=cast.ben.user).update(role="admin")
    assert problem(key_of(signed_in(cast.ben), user="ada", permissions=["admin"])) == (400, ["permissions"])
    _, text = create_key(cast.ada.account, "hers", cast.ada.user, ["admin"])
    by_key = Client(headers={"Authorization": f"Bearer {text}"})
    assert send(by_key, "PATCH", f"{MEMBERS}/ben", role="viewer", reason="by key").status_code == 200
    assert problem(by_key.get("/api/accounts/other/members")) == (404, [])
