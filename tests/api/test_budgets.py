"""Limits in the REST API: by names, in dollars, with where they stand; and who may set which."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from budgets.models import Counter, Limit
from budgets.people.keys import create_key
from tests.api.answers import problem, send
from tests.cast import Cast, Member

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(cast: Cast) -> Client:
    """A login: a key, also an administrator's, looks after its own account."""
    client = Client()
    client.force_login(cast.staff)
    return client


@pytest.fixture
def owner(cast: Cast) -> Client:
    """A key of acme that may change its configuration."""
    _, text = create_key(cast.ada.account, "owner", cast.staff, ["admin"])
    return Client(headers={"Authorization": f"Bearer {text}"})


def made(client: Client, **more: Any) -> Any:
    answer = send(client, "POST", "budgets", **{"amount": "25", "period": "day", "reason": "a budget", **more})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_limit_is_made_by_names_and_tells_where_it_stands(staff: Client, cast: Cast) -> None:
    cast.ada.account.timezone = "Asia/Kolkata"
    cast.ada.account.save()
    limit = made(staff, scope="account", subject="acme", soft_percent=50)
    assert {name: limit[name] for name in ("scope", "subject", "account", "timezone", "amount", "left", "state", "is_given")} == {
        "scope": "account", "subject": "acme", "account": "acme", "timezone": "Asia/Kolkata", "amount": "25", "left": "25",
        "state": "ok", "is_given": True,
    }  # fmt: skip
    assert limit["resets_at"].endswith("T18:30:00Z")
    row = Limit.objects.get()
    assert (row.subject, row.amount) == (str(cast.ada.account.pk), 25 * 10**9)
    Counter.objects.update_or_create(
        limit=row, measure="money", period="day",
        period_start=datetime.fromisoformat(limit["resets_at"]) - timedelta(1),
        defaults={"spent": 13 * 10**9, "reserved": 15 * 10**9},
    )  # fmt: skip
    shown = staff.get(f"/api/budgets/{limit['id']}").json()
    assert [shown[name] for name in ("spent", "reserved", "left", "state")] == ["13", "15", "0", "near"]


def test_a_limit_is_changed_switched_off_and_deleted(staff: Client, cast: Cast) -> None:
    limit = made(staff, scope="key", subject=cast.ben.key.prefix, measure="tokens", amount=1_000)
    assert (limit["subject"], limit["amount"], limit["account"]) == (cast.ben.key.prefix, 1_000, "acme")
    path = f"budgets/{limit['id']}"
    changed = send(staff, "PATCH", path, amount=2_000, is_active=False, reason="more").json()
    assert (changed["amount"], changed["state"]) == (2_000, "idle")
    assert send(staff, "DELETE", path, reason="not needed").status_code == 204
    assert list(Limit.history.values_list("history_change_reason", flat=True)) == ["not needed", "more", "a budget"]


def test_limits_are_found_by_scope_name_and_account(staff: Client, cast: Cast) -> None:
    for user in ("ada", "ben"):
        made(staff, scope="user", subject=user)
    made(staff, scope="site")
    for query, found in (
        ("scope=user&subject=ben", ["ben"]), ("scope=site", [""]), ("account=acme", []), ("period=day", ["", "ada", "ben"]),
    ):  # fmt: skip
        rows = staff.get(f"/api/budgets?{query}").json()["results"]
        assert sorted(row["subject"] for row in rows) == found, query


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"scope": "team"}, "scope", "team"),
        ({"scope": "account", "subject": "acmee"}, "subject", "acme"),
        ({"scope": "account", "subject": "*"}, "subject", "user, key, worker, session, task"),
        ({"scope": "site", "subject": "x"}, "subject", "Empty"),
        ({"scope": "session", "subject": "talk"}, "account", "whose session"),
        ({"scope": "user", "subject": "cy", "account": "acme"}, "subject", "ada"),
        ({"scope": "site", "period": "1mo"}, "period", "month"),
        ({"scope": "site", "period": "days"}, "every_days", "Needed"),
        ({"scope": "site", "period": "day", "starts_on": "2026-01-01"}, "starts_on", "Empty"),
        ({"scope": "site", "period": "range", "starts_on": "2026-02-01", "ends_on": "2026-01-01"}, "ends_on", "before"),
        ({"scope": "site", "amount": "-1"}, "amount", "0"),
        ({"scope": "site", "measure": "requests", "amount": "1.5"}, "amount", "whole number"),
        ({"scope": "site", "soft_percent": 0}, "soft_percent", "1"),
        ({"scope": "model", "subject": "*", "mode": "pause"}, "subject", "each"),
        ({"scope": "policy_task", "subject": "coding"}, "kind", "policy"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(
    staff: Client, cast: Cast, given: dict[str, Any], field: str, words: str
) -> None:
    answer = send(staff, "POST", "budgets", **{"amount": "25", "period": "day", "reason": "r", **given})
    status, fields = problem(answer)
    assert (status, field in fields) == (400, True), answer.content
    assert words in answer.content.decode()


def test_two_of_a_kind_are_refused_and_a_soft_one_beside_a_hard_one_is_not(staff: Client, cast: Cast) -> None:
    made(staff, scope="site")
    made(staff, scope="site", mode="soft", amount="10")
    again = send(staff, "POST", "budgets", scope="site", amount="30", period="day", reason="r")
    assert "such a limit already" in again.content.decode()


def test_an_account_sets_its_own_limits_and_none_that_the_site_gave(staff: Client, owner: Client, cast: Cast) -> None:
    given = made(staff, scope="account", subject="acme")
    own = made(owner, scope="account", subject="acme", amount="5")
    assert (own["account"], own["is_given"]) == ("acme", False)
    assert send(owner, "PATCH", f"budgets/{given['id']}", amount="99", reason="r").status_code == 403
    assert send(owner, "PATCH", f"budgets/{own['id']}", is_given=True, reason="r").status_code == 400
    assert send(owner, "DELETE", f"budgets/{own['id']}", reason="r").status_code == 204
    for refused in (
        {"scope": "site"},
        {"scope": "user", "subject": "cy"},
        {"scope": "model", "subject": "x", "account": "others"},
    ):
        answer = send(owner, "POST", "budgets", **{"amount": "1", "period": "day", "reason": "r", **refused})
        assert answer.status_code == 400, answer.content
        assert "cy" not in answer.json()["detail"].split("there is")[-1]


def test_an_accounts_key_sees_nothing_of_another_account(owner: Client, staff: Client, cast: Cast) -> None:
    theirs = made(staff, scope="tag", subject="x", account=cast.cy.account.slug)
    assert owner.get("/api/budgets").json()["results"] == []
    assert owner.get(f"/api/budgets/{theirs['id']}").status_code == 404


def test_what_all_spend_together_is_told_to_staff_alone(owner: Client, staff: Client) -> None:
    for scope, subject in (("site", ""), ("tag", "x"), ("user", "*")):
        made(staff, scope=scope, subject=subject)
    assert len(staff.get("/api/budgets").json()["results"]) == 3
    assert owner.get("/api/budgets").json()["results"] == []


def signed_in(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def test_an_owner_sets_limits_at_their_own_sign_in_and_members_see_them(staff: Client, cast: Cast) -> None:
    ada, ben, cy = map(signed_in, (cast.ada, cast.ben, cast.cy))
    given, theirs = made(staff, scope="account", subject="acme"), made(staff, scope="account", subject="other")
    own = made(ada, scope="user", subject="ben", account="acme", amount="5")
    assert (own["subject"], own["account"], own["is_given"]) == ("ben", "acme", False)
    assert send(ada, "PATCH", f"budgets/{own['id']}", amount="6", reason="r").json()["amount"] == "6"
    for client, status in ((ada, 403), (ben, 403), (cy, 404)):
        assert send(client, "PATCH", f"budgets/{given['id']}", amount="99", reason="r").status_code == status
    for refused in ({"scope": "user", "subject": "cy", "account": "acme"}, {"scope": "site"},
                    {"scope": "tag", "subject": "x", "account": "other"},
                    {"scope": "tag", "subject": "x", "account": "acme", "is_given": True}):  # fmt: skip
        answer = send(ada, "POST", "budgets", **{"amount": "1", "period": "day", "reason": "r", **refused})
        assert answer.status_code == 400, answer.content
    sent = {"scope": "user", "subject": "ben", "account": "acme", "amount": "1", "period": "day", "reason": "r"}
    assert send(ben, "POST", "budgets", **sent).status_code == 403
    for client, seen in ((ada, {given["id"], own["id"]}), (ben, {given["id"], own["id"]}), (cy, {theirs["id"]})):
        assert {row["id"] for row in client.get("/api/budgets").json()["results"]} == seen
        assert {each for each in (given["id"], own["id"], theirs["id"])
                if client.get(f"/api/budgets/{each}/forecast").status_code == 200} == seen  # fmt: skip
    for name, found in (("ben", 1), ("cy", 0)):
        assert len(ben.get(f"/api/budgets?scope=user&subject={name}").json()["results"]) == found
    assert send(ada, "DELETE", f"budgets/{own['id']}", reason="r").status_code == 204
