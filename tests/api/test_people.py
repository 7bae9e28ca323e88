"""Preferences and conversations in the REST API: one's own, and for staff everybody's."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from autorouter.models import Preferences, Session
from budgets.people.keys import create_key
from models_registry.models import Provider
from routerhub.releases.models import Release
from tests import seeds
from tests.api.answers import problem
from tests.cast import Cast, Member

RULE = {"name": "no openai", "when": {"category": "coding"}, "then": {"block": {"providers": ["openai"]}}}
CODING = {"category": "coding", "complexity": "complex"}
PATH = "/api/preferences"


@pytest.fixture
def providers(db: None) -> None:
    """Of the names that these tests use."""
    Provider.objects.bulk_create(Provider(name=name, title=name) for name in ("openai", "a"))


def who(member: Member) -> Client:
    return Client(headers=member.auth)


@pytest.fixture
def staff(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.staff)
    return client


def patch(client: Client, query: str = "", **body: Any) -> Any:
    return client.patch(PATH + query, {"reason": "try", **body}, "application/json")


# --- preferences


def test_whoever_has_none_sees_the_plain_ones_and_looking_writes_nothing(cast: Cast) -> None:
    assert who(cast.ada).get(PATH).json() == {
        "user": cast.ada.user.pk, "account": None, "name": "default", "priority": "", "max_cost_usd": None,
        "max_latency_ms": None,
        "preferred_providers": [], "blocked_providers": [], "rules": [], "daily_alert_usd": None,
    }  # fmt: skip
    assert not Preferences.objects.exists()


@pytest.mark.usefixtures("providers")
def test_a_change_is_kept_with_author_address_and_reason(cast: Cast) -> None:
    answer = patch(who(cast.ada), priority="cost", max_cost_usd="0.01", rules=[RULE], reason="cheaper")
    assert (answer.status_code, answer.json()["priority"], answer.json()["max_cost_usd"]) == (200, "cost", "0.010000")
    assert who(cast.ada).get(PATH).json() == answer.json()
    again = patch(who(cast.ada), priority="speed", reason="quicker").json()
    assert (again["priority"], again["max_cost_usd"], again["rules"]) == ("speed", "0.010000", [RULE]), "the rest stays"
    versions = Preferences.history.all()
    assert [(each.history_user, each.history_change_reason, each.ip) for each in versions] == [
        (cast.ada.user, "quicker", "127.0.0.1"), (cast.ada.user, "cheaper", "127.0.0.1"),
    ]  # fmt: skip
    assert not Release.objects.exists(), "they make no release"


def test_a_user_neither_sees_nor_changes_anothers(cast: Cast) -> None:
    patch(who(cast.ada), priority="cost")
    for member in (cast.ben, cast.cy):
        assert who(member).get(PATH).json()["priority"] == ""
        query = f"?user={cast.ada.user.pk}"
        assert problem(who(member).get(PATH + query)) == (404, [])
        assert problem(patch(who(member), query, priority="speed")) == (404, [])
    assert problem(who(cast.ada).get(f"{PATH}?user=999999")) == problem(
        who(cast.ada).get(f"{PATH}?user={cast.ben.user.pk}")
    )
    assert Preferences.objects.get().priority == "cost"
    assert who(cast.ada).get(f"{PATH}?user={cast.ada.user.pk}").json()["priority"] == "cost"


def test_nobody_may_hand_a_set_to_another_user(cast: Cast) -> None:
    answer = patch(who(cast.ada), user=cast.ben.user.pk, priority="cost")
    assert (answer.status_code, answer.json()["user"]) == (200, cast.ada.user.pk)
    assert Preferences.objects.get().user == cast.ada.user


def test_staff_see_and_change_those_of_any_user(cast: Cast, staff: Client) -> None:
    patch(who(cast.ada), priority="cost")
    query = f"?user={cast.ada.user.pk}"
    assert staff.get(PATH + query).json()["priority"] == "cost"
    assert patch(staff, query, priority="quality", reason="asked for").json()["user"] == cast.ada.user.pk
    version = Preferences.history.first()
    assert (version.history_user, version.user, version.priority) == (cast.staff, cast.ada.user, "quality")
    assert staff.get(PATH).json()["user"] == cast.staff.pk


def test_an_admin_key_has_the_rights_of_its_person_and_none_where_it_is_nobodys(cast: Cast) -> None:
    patch(who(cast.ada), priority="cost")
    query = f"?user={cast.ada.user.pk}"
    for person, status in ((None, 404), (cast.cy.user, 401), (cast.staff, 200)):
        _, text = create_key(cast.ada.account, "admin", person, ["admin"])
        admin = Client(headers={"Authorization": f"Bearer {text}"})
        assert admin.get(PATH + query).status_code == status
        assert patch(admin, query, priority="speed").status_code == status
    assert Preferences.history.first().history_user == cast.staff


@pytest.mark.parametrize("user", ["999999", "nobody", "-1", "", "1.5", "²", "99999999999999999999999"])
def test_a_user_that_is_not_there_is_not_found_for_staff_either(cast: Cast, staff: Client, user: str) -> None:
    assert problem(staff.get(PATH, {"user": user})) == (404, [])


def test_a_key_that_belongs_to_nobody_is_told_what_to_do(cast: Cast) -> None:
    _, text = create_key(cast.ada.account, "nobody's", None)
    answer = Client(headers={"Authorization": f"Bearer {text}"}).get(PATH)
    assert problem(answer) == (400, ["user"])
    assert "a person's key" in answer.json()["detail"]


def test_without_a_key_nothing_is_shown(cast: Cast) -> None:
    assert problem(Client().get(PATH))[0] == 401
    assert problem(patch(Client(), priority="cost"))[0] == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": None}, "reason"),
        ({"reason": "  "}, "reason"),
        ({"priority": "fun"}, "priority"),
        ({"max_cost_usd": -1}, "max_cost_usd"),
        ({"max_cost_usd": "much"}, "max_cost_usd"),
        ({"max_latency_ms": 0}, "max_latency_ms"),
        ({"blocked_providers": "openai"}, "blocked_providers"),
        ({"blocked_providers": {"a": 1}}, "blocked_providers"),
        ({"preferred_providers": ["a", "a"]}, "preferred_providers"),
        ({"preferred_providers": ["a"], "blocked_providers": ["a"]}, "preferred_providers"),
        ({"rules": {}}, "rules"),
        ({"rules": None}, "rules"),
        ({"rules": [{**RULE, "then": {}}]}, "rules"),
        ({"rules": [{**RULE, "name": "a\0b"}]}, "rules"),
        ({"rules": [{**RULE, "then": {"block": {"models": ["openai:gtp-5"]}}}]}, "rules"),
        ({"blocked_providers": ["opanai"]}, "blocked_providers"),
        ({"daily_alert_usd": -5}, "daily_alert_usd"),
        ({"colour": "red"}, "colour"),
    ],
)
@pytest.mark.usefixtures("providers")
def test_a_bad_change_is_a_problem_that_names_the_field_and_nothing_is_kept(
    cast: Cast, body: dict[str, Any], field: str
) -> None:
    status, fields = problem(patch(who(cast.ada), **{"priority": "cost", **body}))
    assert (status, set(fields)) == (400, {field})
    assert not Preferences.objects.exists()


def test_a_change_without_a_reason_is_refused(cast: Cast) -> None:
    answer = who(cast.ada).patch(PATH, {"priority": "cost"}, "application/json")
    assert problem(answer) == (400, ["reason"])


def test_every_bad_rule_is_told_by_its_path(cast: Cast) -> None:
    answer = patch(who(cast.ada), rules=[RULE, {**RULE, "when": {"from_hour": 30}}])
    messages = [each["message"] for each in answer.json()["errors"]]
    assert messages == [
        "rules[1].when.from_hour: 30 is not a whole number from 0 to 23.",
        "rules[1].name: 'no openai' is the name of another rule.",
    ]


def test_the_next_decision_obeys_and_other_users_get_theirs_as_before(cast: Cast) -> None:
    seeds.both()

    def select(member: Member, **more: Any) -> Any:
        return who(member).post("/api/routing/select", {"task": CODING, **more}, "application/json").json()

    before = select(cast.ben)
    patch(who(cast.ada), rules=[RULE])
    hers = select(cast.ada)
    assert {each["provider"] for each in hers["candidates"]}.isdisjoint({"openai"})
    assert "rule no openai fired" in hers["why"]
    assert select(cast.ben) == before
    assert any(each["provider"] == "openai" for each in before["candidates"])
    other = select(cast.ada, task={"category": "creative", "complexity": "complex"})
    assert any(each["provider"] == "openai" for each in other["candidates"]), "it is about coding alone"


# --- conversations


def talk(member: Member, name: str = "talk", **values: Any) -> Session:
    moment = now()
    return Session.objects.create(**{
        "account_id": member.account.pk, "name": name, "user_id": member.user.pk, "model": "openai:gpt-5",
        "priority": "cost", "policy": "code", "max_cost_usd": Decimal("0.5"), "context_tokens": 1200, "requests": 3,
        "first_activity_at": moment, "last_activity_at": moment, **values,
    })  # fmt: skip


def names(client: Client, query: str = "") -> set[str]:
    answer = client.get(f"/api/sessions{query}")
    assert answer.status_code == 200
    return {each["name"] for each in answer.json()["results"]}


def test_an_account_sees_its_own_conversations_that_have_not_ended(cast: Cast) -> None:
    talk(cast.ada, "hers")
    talk(cast.cy, "his")
    talk(cast.ada, "ended", last_activity_at=now() - timedelta(days=2))
    assert names(who(cast.ada)) == names(who(cast.ben)) == {"hers"}
    assert names(who(cast.cy)) == {"his"}
    shown = who(cast.ada).get("/api/sessions/hers").json()
    assert {name: shown[name] for name in ("model", "priority", "policy", "context_tokens", "requests", "user_id")} == {
        "model": "openai:gpt-5", "priority": "cost", "policy": "code", "context_tokens": 1200, "requests": 3,
        "user_id": cast.ada.user.pk,
    }  # fmt: skip
    assert Decimal(shown["max_cost_usd"]) == Decimal("0.5")


def test_what_is_anothers_or_ended_is_not_there(cast: Cast) -> None:
    talk(cast.ada, "hers")
    talk(cast.ada, "ended", last_activity_at=now() - timedelta(days=2))
    for client, name in ((who(cast.cy), "hers"), (who(cast.ada), "ended"), (who(cast.ada), "nothing")):
        assert problem(client.get(f"/api/sessions/{name}")) == (404, [])
        assert problem(client.delete(f"/api/sessions/{name}")) == (404, [])
    assert Session.objects.count() == 2
    assert problem(Client().get("/api/sessions"))[0] == 401


def test_an_account_forgets_its_own_conversation_and_no_namesake(cast: Cast) -> None:
    talk(cast.ada)
    talk(cast.cy)
    assert who(cast.ada).delete("/api/sessions/talk").status_code == 204
    assert Session.objects.get().account_id == cast.cy.account.pk
    assert problem(who(cast.ada).delete("/api/sessions/talk")) == (404, [])


def test_conversations_are_filtered(cast: Cast) -> None:
    talk(cast.ada, "one")
    talk(cast.ben, "two", model="openai:gpt-5-mini")
    assert names(who(cast.ada), "?model=openai:gpt-5-mini") == {"two"}
    assert names(who(cast.ada), f"?user_id={cast.ada.user.pk}") == {"one"}


def test_staff_see_everybodys(cast: Cast, staff: Client) -> None:
    talk(cast.ada, "hers")
    talk(cast.cy, "his")
    assert names(staff) == {"hers", "his"}
    assert staff.delete("/api/sessions/hers").status_code == 204
    assert names(staff) == {"his"}


def test_a_person_who_is_no_staff_sees_those_of_their_accounts(cast: Cast) -> None:
    talk(cast.ada)
    client = Client()
    for member, seen in ((cast.ada, ["talk"]), (cast.ben, ["talk"]), (cast.cy, [])):
        client.force_login(member.user)
        assert [each["name"] for each in client.get("/api/sessions").json()["results"]] == seen


def test_staff_may_ask_for_a_name_that_two_accounts_have(cast: Cast, staff: Client) -> None:
    talk(cast.ada)
    talk(cast.cy)
    staff.raise_request_exception = False
    assert staff.get("/api/sessions/talk").status_code < 500


def test_any_name_that_the_gateway_takes_can_be_forgotten(cast: Cast) -> None:
    talk(cast.ada, "chat/42")
    assert who(cast.ada).delete("/api/sessions/chat%2F42").status_code == 204
    assert not Session.objects.exists()
