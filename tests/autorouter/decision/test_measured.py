"""What was measured lately moves deployments and decides by speed, as far as it may; balanced it never touches."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autorouter.decision import explain
from autorouter.decision.ranking import Rankings
from autorouter.decision.router import decide
from autorouter.types import Constraints, Decision
from models_registry.types import ALL_MODELS, Availability, Measured, Model
from tests.autorouter.decision.test_overlays import DRAWN, EVERYWHERE, TASKS, world
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, router, task, whole_decision


def found(success: float = 1.0, expected_ms: int = 1_000) -> Measured:
    return Measured(calls=50, success=success, expected_ms=expected_ms)


def served_by(*hosts: str, dear: str = "") -> Model:
    """A model that all of them serve, one of them at a higher price."""
    places = [model(f"{host}:m", ("2", "6") if host == dear else ("1", "3")).deployments[0] for host in hosts]
    return replace(model("a:m"), deployments=tuple(places))


def tried(one: Model, most: int = 1, **measured: Measured) -> str:
    """The hosts in the order in which they are tried."""
    known = Availability(
        providers=frozenset("abcd"), sandbox=False, measured={f"{host}/m": each for host, each in measured.items()}
    )
    rankings = Rankings(catalogue=catalogue(one), router=router(deployment_max_places=most), availability=known)
    return "".join(each.provider for each in rankings.places(one, NOW))


@pytest.mark.parametrize(
    ("measured", "order"),
    [
        ({}, "abc"),
        ({"a": found(0.8), "b": found(0.9)}, "bac"),
        ({"a": found(0.86), "b": found(0.9)}, "abc"),
        ({"a": found(), "b": found(expected_ms=790)}, "bac"),
        ({"a": found(), "b": found(expected_ms=810)}, "abc"),
        ({"a": found(), "b": found(0.94, expected_ms=1)}, "abc"),
        ({"b": found(expected_ms=1)}, "abc"),
        ({"a": found(0.1), "b": found(0.1), "c": found(1.0)}, "acb"),
        ({"a": found(0.1), "b": found(0.5), "c": found(1.0)}, "bac"),
    ],
)
def test_a_deployment_passes_the_one_before_it_that_fails_more_or_is_slower(measured: Any, order: str) -> None:
    assert tried(served_by("a", "b", "c"), **measured) == order


def test_nobody_moves_further_than_staff_allow() -> None:
    one, failing = served_by("a", "b", "c", "d"), {"a": found(0.1), "b": found(), "c": found(), "d": found()}
    assert [tried(one, most, **failing) for most in range(4)] == ["abcd", "bacd", "bcad", "bcda"]


def test_being_quicker_moves_nobody_who_costs_more_but_failing_less_does() -> None:
    one = served_by("a", "b", dear="b")
    assert tried(one, a=found(), b=found(expected_ms=1)) == "ab"
    assert tried(one, a=found(0.5), b=found()) == "ba"


def test_what_is_degraded_stays_behind_however_quick() -> None:
    one = served_by("a", "b")
    degraded = replace(one, deployments=(one.deployments[0], replace(one.deployments[1], status="degraded")))
    assert tried(degraded, a=found(0.1), b=found()) == "ab"


def decided(measured: dict[str, Measured], **constraints: Any) -> Decision:
    known = catalogue(model("a:one"), model("b:two"), model("c:three"))
    facts = replace(SANDBOXED, measured=measured)
    return whole_decision(known, router(), task(), Constraints(**constraints), facts)


def order(decision: Decision) -> list[str]:
    return [each.model for each in decision.candidates]


QUICK = {"b:two": found(expected_ms=300), "a:one": found(expected_ms=900), ALL_MODELS: found(expected_ms=500)}


def test_speed_takes_whoever_is_measured_quickest_and_the_unmeasured_as_the_mean_of_all() -> None:
    assert order(decided(QUICK, priority="speed")) == ["b:two", "c:three", "a:one"]
    assert order(decided({}, priority="speed")) == order(decided({}))


@pytest.mark.parametrize("priority", ["balanced", "quality", "cost"])
def test_no_other_priority_asks_how_quick_models_are(priority: Any) -> None:
    assert order(decided(QUICK, priority=priority)) == order(decided({}, priority=priority))


def test_the_explanation_says_what_was_measured_and_where_it_moved_a_deployment() -> None:
    decision = decided(QUICK, priority="speed")
    assert "picked for speed, which is measured to answer in about 300 ms; next is" in explain.why(decision)
    assert [each["expected_ms"] for each in explain.as_json(decision)["candidates"]] == [300, 500, 900]
    assert "measured" not in explain.why(decided(QUICK))
    facts = Availability(
        providers=frozenset("ab"), sandbox=False, measured={"a/m": found(0.8), "b/m": found(0.99, 1_200)}
    )
    moved = whole_decision(catalogue(served_by("a", "b")), router(), task(), Constraints(), facts)
    (told,) = explain.as_json(moved)["candidates"]
    assert told["deployments"] == ["b/m", "a/m"]
    assert told["moved"] == (
        "b/m answered 99% of at least 50 calls, in 1,200 ms; a/m answered 80% of at least 50 calls, in 1,000 ms"
    )


def test_a_longest_latency_is_asked_of_each_place() -> None:
    """A model whose first place is slow is called where it is not; who is slow everywhere is out."""
    one = served_by("a", "b")
    facts = Availability(providers=frozenset("ab"), sandbox=False, latency_ms={"a/m": 900, "b/m": 300})
    decision = whole_decision(catalogue(one), router(), task(), Constraints(max_latency_ms=500), facts)
    assert order(decision) == ["a:m"]
    slow = replace(facts, latency_ms={"a:m": 900, "b/m": 501})
    decision = whole_decision(catalogue(one), router(), task(), Constraints(max_latency_ms=500), slow)
    (out,) = decision.excluded
    assert (out.code, out.reason) == ("latency", "measured latency 501 ms is over the limit of 500 ms")
    blocked = Constraints(max_latency_ms=500, blocked_providers=frozenset({"b"}))
    assert order(whole_decision(catalogue(one), router(), task(), blocked, facts)) == []


@given(DRAWN, TASKS, st.lists(st.integers(1, 5), min_size=8, max_size=8))
def test_speed_never_takes_a_slower_model_than_balanced_by_what_was_measured(drawn: Any, asked: Any, ms: Any) -> None:
    known, release = world(drawn)
    facts = replace(
        EVERYWHERE, measured={name: found(expected_ms=100 * each) for name, each in zip(known.models, ms, strict=False)}
    )
    rankings = Rankings(catalogue=known, router=release, availability=facts)
    unmeasured = Rankings(catalogue=known, router=release, availability=EVERYWHERE)
    balanced, plain = (decide(each, asked, Constraints(), NOW).candidates for each in (rankings, unmeasured))
    quick = decide(rankings, asked, Constraints(priority="speed"), NOW).candidates
    assert quick[0].hosting.expected_ms <= balanced[0].hosting.expected_ms
    assert [(each.model, each.score) for each in balanced] == [(each.model, each.score) for each in plain]
