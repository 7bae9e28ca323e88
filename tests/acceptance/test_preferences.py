"""What a user prefers, and what a conversation remembers, holds in every process from the next request on."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("stack")
KEYS = """
import json
from django.contrib.auth.models import User
from budgets.people.keys import create_key
from budgets.models import Account, Membership
account, _ = Account.objects.get_or_create(slug="people", defaults={"name": "People"})
users = [User.objects.get_or_create(username=name)[0] for name in ("dora", "emil")]
for user in users:
    Membership.objects.get_or_create(account=account, user=user)
print(json.dumps([create_key(account, user.username, user)[1] for user in users]))
"""
LUNA, SOL = "openai:gpt-6-luna", "openai:gpt-6.1-sol"
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
PLAIN: dict[str, Any] = {
    "priority": "balanced", "max_cost_usd": None, "max_latency_ms": None, "preferred_providers": [],
    "blocked_providers": [], "rules": [], "reason": "back",
}  # fmt: skip


@dataclass(frozen=True)
class People:
    """Two users of one account with a key each."""

    stack: Stack
    dora: str
    emil: str

    def prefer(self, key: str, **values: Any) -> None:
        status, body = self.stack.call("/api/preferences", {"reason": "try", **values}, key, "PATCH")
        assert status == 200, body

    def decisions(self, key: str, **body: Any) -> list[Any]:
        """The decision, twice of each process."""
        constraints = {"dry_run": True, **body.pop("routerhub", {})}
        return [self.stack.chat(key=key, routerhub=constraints, **body)[1]["routerhub"] for _ in range(4)]


@pytest.fixture(scope="module")
def keys(stack: Stack) -> list[str]:
    made: list[str] = json.loads(stack.manage("shell", "--no-imports", "-c", KEYS))
    eventually(
        lambda: all(stack.chat(key=key, routerhub={"dry_run": True})[0] == 200 for key in made for _ in range(2))
    )
    return made


@pytest.fixture
def people(stack: Stack, keys: list[str]) -> Iterator[People]:
    found = People(stack, *keys)
    yield found
    for key in keys:
        found.prefer(key, **PLAIN)
    eventually(lambda: all(not each["excluded_by_user"] for each in _blocked(found)))


def _blocked(people: People) -> list[dict[str, Any]]:
    """What of the users' own wishes is still at work."""
    return [
        {"excluded_by_user": [out for out in decision["excluded"] if out["code"] == "blocked"]}
        for key in (people.dora, people.emil)
        for decision in people.decisions(key)
    ]


def providers(decision: Any) -> set[str]:
    return {each["provider"] for each in decision["candidates"]}


def test_a_block_holds_in_every_process_within_a_second_for_this_user_alone(people: People) -> None:
    before = people.decisions(people.emil)[0]
    blocked = before["provider"]
    people.prefer(people.dora, blocked_providers=[blocked], reason="not them")
    eventually(lambda: all(blocked not in providers(each) for each in people.decisions(people.dora)), within_s=1)
    assert {each["model"] for each in people.decisions(people.emil)} == {before["model"]}
    status, answer = people.stack.chat(key=people.dora)
    assert status == 200
    assert not answer["model"].startswith(f"{blocked}:")
    reasons = people.stack.rows(
        "SELECT h.history_change_reason, u.username FROM autorouter_historicalpreferences h "
        "JOIN auth_user u ON u.id = h.history_user_id ORDER BY h.history_id DESC LIMIT 1"
    )
    assert reasons == [("not them", "dora")]


def test_a_priority_and_a_limit_hold_where_the_request_says_nothing_else(people: People) -> None:
    plain = people.decisions(people.dora)[0]
    limit = plain["estimated_cost_usd"]
    people.prefer(people.dora, priority="cost", max_cost_usd=f"{limit:.6f}")

    def is_cheap(decision: Any) -> bool:
        return all(each["estimated_cost_usd"] <= limit for each in decision["candidates"])

    eventually(lambda: all(is_cheap(each) for each in people.decisions(people.dora)), within_s=1)
    cost = people.decisions(people.dora)
    assert all("picked for cost" in each["why"] for each in cost)
    assert all(each["estimated_cost_usd"] <= limit for each in cost)
    own = people.decisions(people.dora, routerhub={"priority": "quality", "max_cost_usd": 1_000})
    assert all("picked for quality" in each["why"] for each in own), "the request's own priority"
    assert all(is_cheap(each) for each in own), "the lower limit"
    assert all("picked for" not in each["why"] for each in people.decisions(people.emil))


def test_a_rule_fires_for_the_requests_that_it_is_about_and_stands_in_the_record(people: People) -> None:
    rule = {"name": "batch-is-cheap", "when": {"tag": "batch"}, "then": {"policy": "ops"}}
    people.prefer(people.dora, rules=[rule])
    tagged = {"routerhub": {"tags": ["batch"]}}
    eventually(lambda: {each["model"] for each in people.decisions(people.dora, **tagged)} == {LUNA}, within_s=1)
    assert all("batch-is-cheap" not in each["why"] for each in people.decisions(people.dora))
    _, answer = people.stack.chat(key=people.dora, routerhub={"tags": ["batch"], "session": "by-rule"})
    assert answer["model"] == LUNA
    query = "SELECT policy, decision -> 'constraints' -> 'rules' FROM analytics_record WHERE session = 'by-rule'"
    assert eventually(lambda: people.stack.rows(query)) == [("ops", ["batch-is-cheap"])]


def test_nobody_may_read_anothers_preferences_over_http(people: People) -> None:
    status, own = people.stack.call("/api/preferences", key=people.dora)
    assert status == 200
    status, answer = people.stack.call(f"/api/preferences?user={own['user']}", key=people.emil)
    assert (status, answer["title"]) == (404, "Not Found")
    status, _ = people.stack.call(f"/api/preferences?user={own['user']}")
    assert status == 404, "an administrator's key has the people of its own account"


# --- conversations


def test_a_conversation_keeps_its_model_in_every_process_and_leaves_it_for_what_it_cannot_do(people: People) -> None:
    talk = {"session": "keeps"}
    blind = _without_vision(people)
    people.stack.chat(key=people.dora, model=blind, routerhub=talk)
    kept = people.decisions(people.dora, routerhub=talk)
    assert {each["model"] for each in kept} == {blind}
    assert all("answered this conversation before" in each["why"] for each in kept)
    messages = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, PICTURE]}]
    seeing = people.decisions(people.dora, routerhub=talk, messages=messages)
    assert blind not in {each["model"] for each in seeing}
    assert all({out["model"]: out["code"] for out in each["excluded"]}[blind] == "capability" for each in seeing)
    _, answer = people.stack.chat(key=people.dora, routerhub=talk, messages=messages)
    assert {each["model"] for each in people.decisions(people.dora, routerhub=talk)} == {answer["model"]}


def _without_vision(people: People) -> str:
    """A model that takes text alone and is not what would be chosen anyhow."""
    messages = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, PICTURE]}]
    with_picture = people.decisions(people.dora, messages=messages)[0]
    plain = people.decisions(people.dora)[0]
    blind = {out["model"] for out in with_picture["excluded"] if out["code"] == "capability"}
    return next(str(each["model"]) for each in plain["candidates"][5:] if each["model"] in blind)


def test_turns_limits_and_context_are_listed_and_the_conversation_can_be_forgotten(people: People) -> None:
    talk = {"session": "listed", "max_cost_usd": 0.5, "priority": "cost"}
    for _ in range(3):
        assert people.stack.chat(key=people.dora, model=SOL, routerhub=talk)[0] == 200
    status, shown = people.stack.call("/api/sessions/listed", key=people.dora)
    assert status == 200
    assert (shown["model"], shown["requests"], shown["priority"]) == (SOL, 3, "cost")
    assert float(shown["max_cost_usd"]) == 0.5
    assert shown["context_tokens"] > 0
    other = people.stack.new_key("--account=strangers", "--permission=inference", "--permission=routing")
    eventually(lambda: people.stack.call("/api/sessions", key=other)[0] == 200)
    assert people.stack.call("/api/sessions/listed", key=other)[0] == 404
    assert people.stack.call("/api/sessions/listed", key=other, method="DELETE")[0] == 404
    assert forgotten(people, "listed") == 204
    again = people.decisions(people.dora, routerhub={"session": "listed"})
    assert all(not each["terms"]["stickiness"] for decision in again for each in decision["candidates"])


def forgotten(people: People, name: str) -> int:
    import urllib.request

    request = urllib.request.Request(
        f"{people.stack.url}/api/sessions/{name}", headers={"Authorization": f"Bearer {people.dora}"}, method="DELETE"
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return int(response.status)


def test_a_conversation_that_was_silent_too_long_begins_anew(people: People) -> None:
    talk = {"session": "silent"}
    people.stack.chat(key=people.dora, model=SOL, routerhub=talk)
    people.stack.chat(key=people.dora, model=SOL, routerhub=talk)
    people.stack.rows(
        "UPDATE autorouter_session SET last_activity_at = now() - interval '24 hours 1 second' WHERE name = 'silent' RETURNING 1"
    )
    fresh = people.decisions(people.dora, routerhub=talk)
    assert all(not each["terms"]["stickiness"] for decision in fresh for each in decision["candidates"])
    assert people.stack.call("/api/sessions/silent", key=people.dora)[0] == 404
    people.stack.chat(key=people.dora, model=LUNA, routerhub=talk)
    assert people.stack.rows("SELECT requests, model FROM autorouter_session WHERE name = 'silent'") == [(1, LUNA)]


def test_a_dry_run_is_no_turn(people: People) -> None:
    people.decisions(people.dora, routerhub={"session": "dry"})
    time.sleep(0.2)
    assert people.stack.rows("SELECT count(*) FROM autorouter_session WHERE name = 'dry'") == [(0,)]
