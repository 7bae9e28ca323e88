"""Two accounts: a key of one, also an administrator's, sees of requests, conversations, keys, limits and people exactly its
own account's, in every list and in every detail."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from analytics.models import Feedback
from autorouter.models import Preferences, Session
from budgets.models import ApiKey, Limit
from budgets.people.keys import create_key
from routerhub.audit import versions
from tests.access.test_api import DOORS
from tests.analytics.rows import insert
from tests.cast import Cast, Member


@pytest.fixture(params=["routing", "admin"])
def own(request: pytest.FixtureRequest, cast: Cast) -> Client:
    """A key of acme: an ordinary one, and an administrator's who may do everything."""
    _, text = create_key(cast.ada.account, "own", cast.staff, [request.param])
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def admin(cast: Cast) -> Client:
    """A key of acme of an administrator who may do everything."""
    _, text = create_key(cast.ada.account, "admin", cast.staff, ["admin"])
    return Client(headers={"Authorization": f"Bearer {text}"})


def used(member: Member) -> uuid.UUID:
    """Something of everything that belongs to an account."""
    operation, moment = insert(account_id=member.account.pk, session="talk"), now()
    Feedback.objects.create(operation_id=operation, satisfaction=1, account_id=member.account.pk)
    Session.objects.create(
        account_id=member.account.pk, name=f"{member.user}'s talk", model="openai:gpt-5", priority="cost",
        max_cost_usd=None, context_tokens=1, requests=1, first_activity_at=moment, last_activity_at=moment,
    )  # fmt: skip
    for kind, subject in (("account", member.account.pk), ("key", member.key.pk), ("user", member.user.pk)):
        Limit.objects.create(kind=kind, subject=str(subject), measure="money", period="day", amount=5)
    Preferences.objects.create(user=member.user, priority="cost")
    return operation


def listed(client: Client, path: str, field: str) -> set[Any]:
    return {each[field] for each in client.get(path).json()["results"]}


def test_lists_and_details_are_the_accounts(own: Client, cast: Cast) -> None:
    hers, his = used(cast.ada), used(cast.cy)
    assert listed(own, "/api/requests", "operation_id") == {str(hers)}
    assert listed(own, "/api/feedback", "operation_id") == {str(hers)}
    assert listed(own, "/api/sessions", "name") == {"ada's talk"}
    for path in ("requests", "decisions"):
        assert own.get(f"/api/{path}/{hers}").status_code == 200, path
        assert own.get(f"/api/{path}/{his}").status_code == 404, path
    for method in ("GET", "DELETE"):
        assert own.generic(method, "/api/sessions/cy's talk").status_code == 404
    assert own.get(f"/api/preferences?user={cast.cy.user.pk}").status_code == 404
    rated = {"operation_id": str(his), "satisfaction": 0}
    assert own.post("/api/feedback", rated, "application/json").status_code == 400
    assert Feedback.objects.get(operation_id=his).satisfaction == 1


def test_no_list_of_the_api_tells_of_another_account(admin: Client, cast: Cast) -> None:
    marks = {str(used(cast.cy)), "cy's", cast.cy.key.prefix, '"other"', '"Other"'}
    told = {}
    for place in DOORS:
        method, _, address = place.partition(" ")
        if method == "GET" and "{" not in address:
            page = admin.get(f"{address}?source=none").getvalue().decode()
            told[address] = {mark for mark in marks if mark in page}
    assert len(told) > 15
    assert {address: found for address, found in told.items() if found} == {}


def test_a_login_that_may_see_them_sees_everybodys(cast: Cast) -> None:
    hers, his = used(cast.ada), used(cast.cy)
    login = Client()
    login.force_login(cast.staff)
    assert listed(login, "/api/requests", "operation_id") == {str(hers), str(his)}


def test_the_history_of_what_belongs_to_accounts_is_the_accounts(admin: Client, cast: Cast) -> None:
    used(cast.ada)
    used(cast.cy)
    site = Limit.objects.create(kind="site", measure="money", period="day", amount=5)
    mine: dict[str, set[Any]] = {
        "account": {cast.ada.account}, "membership": set(cast.ada.account.memberships.all()),
        "apikey": set(cast.ada.account.keys.all()), "preferences": {Preferences.objects.get(user=cast.ada.user)},
        "limit": {*Limit.objects.filter(subject__in=[cast.ada.account.pk, cast.ada.key.pk, cast.ada.user.pk]), site},
    }  # fmt: skip
    for table, rows in mine.items():
        assert listed(admin, f"/api/changes?table={table}", "row") == {str(row.pk) for row in rows}, table
        theirs = [each for each in versions.versions(table) if each.row not in {str(row.pk) for row in rows}]
        assert theirs, table
        path = f"/api/changes/{table}/{theirs[0].id}"
        assert admin.get(path).status_code == 400, "no such version"
        assert admin.post(f"{path}/restore", {"reason": "x"}, "application/json").status_code == 400


def test_an_administrators_key_reaches_the_preferences_of_its_accounts_members(admin: Client, cast: Cast) -> None:
    used(cast.ada)
    path = f"/api/preferences?user={cast.ada.user.pk}"
    assert admin.get(path).json()["priority"] == "cost"
    sent = {"priority": "speed", "reason": "asked for"}
    assert admin.patch(path, sent, "application/json").status_code == 200
    ApiKey.objects.filter(name="admin").update(account=cast.cy.account)
    assert admin.get(path).status_code == 404
    assert admin.patch(path, sent, "application/json").status_code == 404
