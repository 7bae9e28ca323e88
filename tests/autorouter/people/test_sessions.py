"""Conversations keep their model while it can answer, are counted turn by turn, and end by themselves."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.timezone import now

from autorouter.models import Session
from autorouter.people import sessions
from autorouter.people.sessions import SessionStore, Turn
from autorouter.types import Constraints, Decision, RouterRelease, Task
from models_registry.types import Availability, Catalogue, Health
from routerhub.gateway.snapshots.snapshots import database_dsn
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, policy, profile, router, task, whole_decision

# --- which model a conversation gets

KNOWN = catalogue(
    model("a:best", capabilities=frozenset({"tools", "streaming", "vision"})), model("b:kept", ("10", "30")), model("c:other")
)  # fmt: skip
PROFILES = (
    profile("a:best", "99", coding="99"),
    profile("b:kept", "10", coding="10"),
    profile("c:other", "50", coding="50"),
)
RELEASE = router(*PROFILES)


def decided(
    known: Catalogue = KNOWN, release: RouterRelease = RELEASE, asked: Task | None = None, availability: Availability = SANDBOXED,
    **constraints: Any,
) -> Decision:  # fmt: skip
    wanted = Constraints(**{"previous_model": "b:kept", "keeps_model": True, **constraints})
    return whole_decision(known, release, asked or task(), wanted, availability, NOW)


def chosen(*arguments: Any, **options: Any) -> str | None:
    candidate = decided(*arguments, **options).chosen
    return candidate.model if candidate else None


def test_a_conversation_keeps_its_model_however_much_better_another_one_is() -> None:
    assert chosen() == "b:kept"
    assert chosen(keeps_model=False) == "a:best", "the bonus alone would not have done"
    assert [each.model for each in decided().candidates] == ["b:kept", "a:best", "c:other"]


@pytest.mark.parametrize("priority", ["cost", "quality", "speed"])
def test_it_keeps_its_model_under_a_priority_and_a_preference_too(priority: str) -> None:
    assert chosen(priority=priority, preferred_providers=frozenset({"a"})) == "b:kept"


def test_stickiness_tuned_to_zero_keeps_no_model() -> None:
    assert chosen(release=router(*PROFILES, stickiness_bonus=Decimal(0))) == "a:best"
    assert chosen(release=router(*PROFILES, stickiness_bonus=Decimal("0.01"))) == "b:kept"


@pytest.mark.parametrize(
    ("asked", "constraints", "code"),
    [
        (task(needs=frozenset({"vision"})), {}, "capability"),
        (task(input_tokens=99_000), {}, "context"),
        (task(), {"max_cost_usd": Decimal("0.01")}, "cost"),
        (task(), {"blocked_providers": frozenset({"b"})}, "blocked"),
        (task(), {"blocked_models": frozenset({"b:kept"})}, "blocked"),
        (task(), {"allowed": ((frozenset({"a"}), frozenset()),)}, "blocked"),
    ],
)
def test_it_gets_another_as_soon_as_its_model_cannot_take_the_request(
    asked: Task, constraints: dict[str, Any], code: str
) -> None:
    decision = decided(asked=asked, **constraints)
    assert {out.model: out.code for out in decision.excluded}["b:kept"] == code
    if code != "context":
        assert decision.chosen is not None
        assert decision.chosen.model == "a:best"


@pytest.mark.parametrize(
    "availability",
    [
        Availability(providers=frozenset({"a", "c"}), sandbox=False),
        Availability(providers=frozenset("abc"), sandbox=False, open_circuits={"b/kept": "since noon: down"}),
        Availability(providers=frozenset("abc"), sandbox=False, health=Health(down=frozenset({"b/kept"}))),
    ],
)
def test_it_gets_another_while_its_model_cannot_be_reached(availability: Availability) -> None:
    assert chosen(availability=availability) == "a:best"


def test_a_slow_model_is_left_when_the_request_is_in_a_hurry() -> None:
    availability = replace(SANDBOXED, latency_ms={"b:kept": 900})
    assert chosen(availability=availability, max_latency_ms=800) == "a:best"
    assert chosen(availability=availability, max_latency_ms=900) == "b:kept"


def test_a_model_that_is_gone_from_the_catalogue_is_forgotten() -> None:
    assert chosen(known=catalogue(model("a:best"))) == "a:best"


def test_a_policy_keeps_the_model_only_where_it_is_one_of_its_own() -> None:
    release = router(*PROFILES, policies=(policy("has", "a:best", "b:kept"), policy("has-not", "c:other", "a:best")))
    assert chosen(release=release, policy="has") == "b:kept"
    assert chosen(release=release, policy="has-not") == "c:other"


# --- what is kept of it

TURN = Turn(
    account_id=7, name="talk", user_id=3, model="a:1", priority="cost", policy="code", max_cost_usd=Decimal("0.25"),
    context_tokens=1200, variant="5/1/b/0.3",
)  # fmt: skip
IDLE_S = 60.0


def remember(*turns: Turn) -> None:
    """As the gateway does, over a connection of its own."""

    async def run() -> None:
        store = SessionStore(database_dsn(), IDLE_S, 4)
        await store.start()
        try:
            for turn in turns:
                await store.remember(turn)
        finally:
            await store.stop()

    asyncio.run(run())


def recalled(account_id: int, name: str) -> str | None:
    async def run() -> str | None:
        store = SessionStore(database_dsn(), IDLE_S, 4)
        await store.start()
        try:
            found = await store.recall(account_id, name)
            assert found.variant == (TURN.variant if found.model else "")
            return found.model
        finally:
            await store.stop()

    return asyncio.run(run())


def age(seconds: float) -> None:
    Session.objects.update(last_activity_at=now() - timedelta(seconds=seconds))


@pytest.fixture
def idle(settings: Any) -> None:
    settings.SESSION_IDLE_S = IDLE_S


needs_commits = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("idle")]


class TestKept:
    pytestmark = needs_commits

    def test_turns_are_counted_and_the_last_one_is_what_is_known(self) -> None:
        remember(TURN)
        row = Session.objects.get()
        assert {name: getattr(row, name) for name in Turn.__slots__} == {
            name: getattr(TURN, name) for name in Turn.__slots__
        }
        assert (row.requests, row.first_activity_at) == (1, row.last_activity_at)
        later = replace(
            TURN, model="b:2", priority="speed", policy="", max_cost_usd=None, context_tokens=2400, user_id=None
        )
        remember(later, later)
        again = Session.objects.get()
        assert {name: getattr(again, name) for name in Turn.__slots__} == {
            name: getattr(later, name) for name in Turn.__slots__
        }
        assert (again.requests, again.first_activity_at) == (3, row.first_activity_at)
        assert again.last_activity_at > row.last_activity_at

    def test_a_name_belongs_to_an_account(self) -> None:
        remember(TURN, replace(TURN, account_id=8, model="b:2"))
        assert (recalled(7, "talk"), recalled(8, "talk"), recalled(9, "talk")) == ("a:1", "b:2", None)
        assert (sessions.previous_model(7, "talk"), sessions.previous_model(8, "talk")) == ("a:1", "b:2")
        assert recalled(7, "other") is None

    def test_a_conversation_that_was_silent_too_long_has_ended(self) -> None:
        remember(TURN)
        age(IDLE_S - 20)
        assert (recalled(7, "talk"), sessions.previous_model(7, "talk")) == ("a:1", "a:1")
        age(IDLE_S + 1)
        assert (recalled(7, "talk"), sessions.previous_model(7, "talk")) == (None, None)
        assert list(sessions.living(7)) == []

    def test_the_next_request_of_an_ended_one_begins_a_new_one(self) -> None:
        remember(TURN, TURN)
        age(IDLE_S + 1)
        Session.objects.update(first_activity_at=now() - timedelta(days=1))
        remember(replace(TURN, model="b:2"))
        row = Session.objects.get()
        assert (row.requests, row.model) == (1, "b:2")
        assert now() - row.first_activity_at < timedelta(seconds=IDLE_S)

    def test_a_conversation_is_forgotten_alone(self) -> None:
        remember(TURN, replace(TURN, account_id=8), replace(TURN, name="other"))
        assert sessions.forget(7, "talk")
        assert not sessions.forget(7, "talk")
        assert recalled(7, "talk") is None
        assert set(Session.objects.values_list("account_id", "name")) == {(8, "talk"), (7, "other")}

    def test_only_ended_ones_are_cleaned_away(self) -> None:
        remember(TURN)
        age(IDLE_S + 1)
        remember(replace(TURN, name="alive"))
        assert sessions.forget_ended() == 1
        assert sessions.forget_ended() == 0
        assert list(Session.objects.values_list("name", flat=True)) == ["alive"]

    def test_many_processes_at_once_lose_no_turn(self) -> None:
        async def run() -> None:
            stores = [SessionStore(database_dsn(), IDLE_S, 4) for _ in range(3)]
            await asyncio.gather(*(store.start() for store in stores))
            await asyncio.gather(*(store.remember(TURN) for store in stores for _ in range(10)))
            await asyncio.gather(*(store.stop() for store in stores))

        asyncio.run(run())
        assert Session.objects.get().requests == 30
