"""Named sets of preferences in the REST API: one's own, an account's, and which of them a key pins."""

from typing import Any

from django.test import Client

from autorouter.models import Preferences
from tests import seeds
from tests.api.answers import problem
from tests.cast import Cast, Member

SETS = "/api/preferences/sets"
CODING = {"category": "coding", "complexity": "complex"}


def login(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def send(client: Client, method: str, path: str, **body: Any) -> Any:
    return getattr(client, method)(path, {"reason": "try", **body}, "application/json")


def test_sets_are_made_copied_renamed_activated_and_deleted(cast: Cast) -> None:
    ada = login(cast.ada)
    first = send(ada, "post", SETS, name="development", priority="cost").json()
    assert (first["is_active"], first["keys"], first["user"], first["account"]) == (True, [], cast.ada.user.pk, None)
    second = send(ada, "post", f"{SETS}/{first['id']}/copy", name="copy").json()
    assert (second["is_active"], second["priority"]) == (False, "cost")
    path = f"{SETS}/{second['id']}"
    assert send(ada, "patch", path, name="production", priority="quality").json()["name"] == "production"
    assert ada.get("/api/preferences").json()["priority"] == "cost"
    assert send(ada, "post", f"{path}/activate").json()["is_active"] is True
    assert ada.get("/api/preferences").json()["priority"] == "quality"
    assert problem(send(ada, "delete", path)) == (400, ["is_active"])
    assert send(ada, "delete", f"{SETS}/{first['id']}").status_code == 204
    assert [each["name"] for each in ada.get(SETS).json()["results"]] == ["production"]
    assert problem(send(ada, "post", SETS, name="production"))[0] == 400, "there is one of that name"


def test_members_see_the_accounts_sets_and_its_owner_changes_them(cast: Cast) -> None:
    ada, ben, cy = map(login, (cast.ada, cast.ben, cast.cy))
    mine = f"{SETS}?account=acme"
    assert send(ada, "post", mine, name="team", blocked_providers=[]).json()["account"] == "acme"
    row = Preferences.objects.get()
    path = f"{SETS}/{row.pk}"
    assert ben.get(path).json()["name"] == "team"
    assert ben.get("/api/preferences?account=acme").json()["name"] == "team"
    for method, address in (
        ("patch", path),
        ("delete", path),
        ("post", mine),
        ("patch", "/api/preferences?account=acme"),
    ):
        assert send(ben, method, address, **({} if method == "delete" else {"name": "x"})).status_code == 403, (
            method,
            address,
        )
    for method, address, status in (("patch", path, 404), ("delete", path, 404), ("post", mine, 400)):
        assert send(cy, method, address).status_code == status, (method, address)
    assert problem(cy.get("/api/preferences?account=acme")) == (400, ["account"]), "as of one that is not there"
    assert cy.get(SETS).json()["results"] == []
    assert Preferences.objects.get() == row


def test_nobody_reaches_the_sets_of_another_user(cast: Cast) -> None:
    row = Preferences.objects.create(user=cast.ben.user)
    for member in (cast.ada, cast.cy):
        client = login(member)
        assert client.get(f"{SETS}/{row.pk}").status_code == 404
        assert send(client, "patch", f"{SETS}/{row.pk}", priority="cost").status_code == 404
        assert send(client, "post", f"{SETS}?user={cast.ben.user.pk}", name="x").status_code == 404


def test_a_key_goes_by_the_set_that_it_pins_and_by_what_its_account_blocks(cast: Cast) -> None:
    seeds.both()

    def makers() -> set[str]:
        asked = {"task": CODING}
        answer = Client(headers=cast.ada.auth).post("/api/routing/select", asked, "application/json").json()
        return {each["provider"] for each in answer["candidates"]}

    ada = login(cast.ada)
    block = {"blocked_providers": ["openai"]}
    send(ada, "post", SETS, name="development")
    pinned = send(ada, "post", SETS, name="production", **block).json()["id"]
    assert "openai" in makers()
    key = f"/api/keys/{cast.ada.key.pk}"
    assert send(ada, "patch", key, preferences=pinned).json()["preferences"] == pinned
    assert "openai" not in makers()
    assert ada.get(f"{SETS}/{pinned}").json()["keys"] == [cast.ada.key.name]
    assert problem(send(ada, "delete", f"{SETS}/{pinned}")) == (400, ["keys"])
    send(ada, "patch", key, preferences=None)
    assert "openai" in makers()
    send(ada, "patch", "/api/preferences?account=acme", blocked_providers=["anthropic"])
    assert "anthropic" not in makers()
    theirs = Preferences.objects.create(user=cast.ben.user)
    assert problem(send(ada, "patch", key, preferences=theirs.pk)) == (400, ["preferences"])
