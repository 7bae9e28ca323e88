"""A policy that goes by complexity: simple tasks try its cheapest model first, complex ones its strongest, others as written."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from autorouter.decision import counterfactual, explain
from autorouter.types import Constraints, Decision, Policy
from tests.autorouter.fakes import catalogue, model, policy, profile, router, task, whole_decision

CHEAP, MIDDLE, STRONG = "a:cheap", "b:middle", "c:strong"
KNOWN = catalogue(
    model(CHEAP, ("0.1", "0.3")), model(MIDDLE, ("0.5", "0.9")), model(STRONG, ("2", "6")), model("d:outside", ("0", "0"))
)  # fmt: skip
PROFILES = (profile(CHEAP, "60"), profile(MIDDLE, "75"), profile(STRONG, "95"), profile("d:outside", "99"))
OWN: Policy = replace(policy("code", MIDDLE, STRONG, CHEAP), orders_by_complexity=True)


def decided(complexity: str, own: Policy = OWN, tuned: dict[str, Any] | None = None, **asked: Any) -> Decision:
    release = router(*PROFILES, policies=(own,), **(tuned or {}))
    return whole_decision(KNOWN, release, task(complexity=complexity), Constraints(policy="code", **asked))


def order(decision: Decision) -> list[str]:
    return [each.model for each in decision.candidates]


@pytest.mark.parametrize(
    ("complexity", "expected", "first"),
    [
        ("simple", [CHEAP, MIDDLE, STRONG], "cheapest"),
        ("moderate", [MIDDLE, STRONG, CHEAP], ""),
        ("complex", [STRONG, MIDDLE, CHEAP], "strongest"),
    ],
)
def test_the_order_follows_the_complexity_and_is_as_written_while_that_is_off(
    complexity: str, expected: list[str], first: str
) -> None:
    on, off = decided(complexity), decided(complexity, replace(OWN, orders_by_complexity=False))
    assert (order(on), on.policy_first) == (expected, first)
    assert (order(off), off.policy_first) == ([MIDDLE, STRONG, CHEAP], "")


def test_equals_go_by_lower_mean_price_then_by_id() -> None:
    twins = catalogue(model("b:x", ("1", "1")), model("a:y", ("1", "1")), model("c:z", ("0.5", "0.5")))
    own = replace(policy("code", "b:x", "a:y", "c:z"), orders_by_complexity=True)
    for complexity in ("simple", "complex"):
        decision = whole_decision(
            twins, router(policies=(own,)), task(complexity=complexity), Constraints(policy="code")
        )
        assert order(decision) == ["c:z", "a:y", "b:x"]


def test_what_was_measured_moves_models_in_that_order_too() -> None:
    failing = replace(OWN, models=(STRONG, CHEAP, MIDDLE), shifts=((CHEAP, 1), (STRONG, 2)))
    assert order(decided("simple", failing)) == [MIDDLE, CHEAP, STRONG]
    assert order(decided("moderate", failing)) == [STRONG, CHEAP, MIDDLE], "it is moved already"
    assert order(decided("complex", failing)) == [MIDDLE, STRONG, CHEAP]


def test_preferences_a_priority_a_test_a_session_and_failing_places_count_on_top_of_it() -> None:
    liked: dict[str, Any] = {"preferred_providers": frozenset({"c"})}
    assert order(decided("simple", **liked)) == [STRONG, CHEAP, MIDDLE]
    assert order(decided("simple", tuned={"policy_max_places": 1}, **liked)) == [CHEAP, STRONG, MIDDLE]
    assert order(decided("complex", priority="cost")) == [CHEAP, MIDDLE, STRONG]
    assert order(decided("simple", leads=("model", MIDDLE))) == [MIDDLE, CHEAP, STRONG]
    assert order(decided("simple", previous_model=STRONG, keeps_model=True)) == [STRONG, CHEAP, MIDDLE]
    assert order(decided("simple", blocked_models=frozenset({CHEAP}))) == [MIDDLE, STRONG]


def test_soft_scoring_leaves_it_alone() -> None:
    release = router(*PROFILES, policies=(OWN,), soft_scoring=True)
    asked = task(complexity="simple", likely=(("coding", Decimal("0.6")), ("research", Decimal("0.4"))))
    assert order(whole_decision(KNOWN, release, asked, Constraints(policy="code"))) == [CHEAP, MIDDLE, STRONG]


def test_explanations_tell_it() -> None:
    simple, own = decided("simple"), decided("moderate")
    assert explain.why(simple) == (
        f"{CHEAP} is the first model of policy code that can take this request (simple task: cheapest of the policy first);"
        f" next is {MIDDLE}."
    )
    assert explain.as_json(simple)["policy_first"] == "cheapest"
    assert counterfactual.changes(simple) == (
        f"{MIDDLE} would have to stand before {CHEAP} in policy code, of which a simple task tries the cheapest first, or that"
        " one be out.",
    )
    assert "policy_first" not in explain.as_json(own)
    assert "simple" not in explain.why(own)
