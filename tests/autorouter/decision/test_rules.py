"""Rules are data: each condition and effect alone and together, and every kind of nonsense named by its path."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from autorouter.decision.firing import RuleSet
from autorouter.decision.rules import Names, Rule, When
from autorouter.types import Constraints, Decision, RouterRelease, Task
from models_registry.types import Availability, Catalogue
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, policy, profile, router, task, whole_decision


def rule(name: str = "r", when: When | None = None, **effect: Any) -> Rule:
    return Rule(name=name, when=when or When(), **(effect or {"block": Names(providers=frozenset({"a"}))}))


def at(hour: int, day: int = 16) -> datetime:
    """16 November 2026 is a Monday."""
    return datetime(2026, 11, day, hour, 59, 59, tzinfo=UTC)


def names(*providers: str, models: tuple[str, ...] = ()) -> Names:
    return Names(providers=frozenset(providers), models=frozenset(models))


def fires(given: Rule, asked: Task, tags: Sequence[str], now: datetime) -> bool:
    return bool(RuleSet((given,)).firing(asked, tags, now))


def apply(
    given: Sequence[Rule], constraints: Constraints, asked: Task, tags: Sequence[str], now: datetime
) -> Constraints:
    """The constraints with what the rules that fire say, while every policy is active."""
    return RuleSet(given).effect(asked, tags, now, {rule.policy for rule in given if rule.policy}).on(constraints)


# --- conditions


def test_a_rule_without_conditions_fires_for_everything() -> None:
    assert fires(rule(), task(), (), NOW)


@pytest.mark.parametrize(
    ("when", "fits", "fits_not"),
    [
        ({"category": frozenset({"coding", "analysis"})}, {"category": "analysis"}, {"category": "creative"}),
        ({"complexity": frozenset({"complex"})}, {"complexity": "complex"}, {"complexity": "simple"}),
        ({"min_tokens": 500}, {"input_tokens": 500}, {"input_tokens": 499}),
        ({"max_tokens": 500}, {"input_tokens": 500}, {"input_tokens": 501}),
        ({"max_tokens": 0}, {"input_tokens": 0}, {"input_tokens": 1}),
        ({"min_tokens": 10, "max_tokens": 20}, {"input_tokens": 15}, {"input_tokens": 21}),
    ],
)
def test_what_a_request_is_about_decides(when: dict[str, Any], fits: dict[str, Any], fits_not: dict[str, Any]) -> None:
    assert fires(rule(when=When(**when)), task(**fits), (), NOW)
    assert not fires(rule(when=When(**when)), task(**fits_not), (), NOW)


@pytest.mark.parametrize(
    ("first", "last", "hours"),
    [
        (9, 17, set(range(9, 17))),
        (22, 6, {22, 23, *range(6)}),
        (23, 0, {23}),
        (18, None, set(range(18, 24))),
        (None, 6, set(range(6))),
        (0, 24, set(range(24))),
        (None, None, set(range(24))),
        (22, 24, {22, 23}),
    ],
)
def test_hours_begin_at_the_first_end_before_the_last_and_may_pass_midnight(
    first: int | None, last: int | None, hours: set[int]
) -> None:
    timed = rule(when=When(from_hour=first, until_hour=last))
    assert {hour for hour in range(24) if fires(timed, task(), (), at(hour))} == hours


def test_a_weekday_is_the_one_of_the_moment_in_utc() -> None:
    weekend = rule(when=When(weekday=frozenset({"sat", "sun"})))
    fired = [fires(weekend, task(), (), at(12) + timedelta(days=day)) for day in range(7)]
    assert fired == [False] * 5 + [True] * 2
    monday = rule(when=When(weekday=frozenset({"mon"})))
    assert [fires(monday, task(), (), at(0, day)) for day in (15, 16, 17)] == [False, True, False]


def test_one_tag_of_the_rules_is_enough() -> None:
    tagged = rule(when=When(tag=frozenset({"batch", "night"})))
    assert fires(tagged, task(), ("x", "night"), NOW)
    assert not fires(tagged, task(), ("Night", "x"), NOW)
    assert not fires(tagged, task(), (), NOW)


ALL = When(
    category=frozenset({"coding"}), complexity=frozenset({"moderate"}), min_tokens=1_000, max_tokens=1_000,
    from_hour=12, until_hour=13, weekday=frozenset({"sat"}), tag=frozenset({"batch"}),
)  # fmt: skip


def test_a_request_that_fits_every_condition_at_once_fires_the_rule() -> None:
    assert fires(rule(when=ALL), task(), ("batch",), NOW)


@pytest.mark.parametrize(
    ("changes", "tags", "now"),
    [
        ({"category": "creative"}, ("batch",), NOW),
        ({"complexity": "simple"}, ("batch",), NOW),
        ({"input_tokens": 999}, ("batch",), NOW),
        ({"input_tokens": 1_001}, ("batch",), NOW),
        ({}, ("other",), NOW),
        ({}, ("batch",), NOW.replace(hour=13)),
        ({}, ("batch",), NOW.replace(hour=11)),
        ({}, ("batch",), NOW + timedelta(days=1)),
    ],
)
def test_one_condition_that_does_not_hold_keeps_the_rule_from_firing(
    changes: dict[str, Any], tags: tuple[str, ...], now: datetime
) -> None:
    assert not fires(rule(when=ALL), task(**changes), tags, now)


# --- effects on the constraints


def test_no_rule_that_fires_leaves_the_constraints_as_they_are() -> None:
    constraints = Constraints(blocked_providers=frozenset({"x"}))
    quiet = rule(when=When(category=frozenset({"creative"})))
    assert apply((quiet,), constraints, task(), (), NOW) == constraints


def test_blocks_and_preferences_add_up_and_the_names_of_what_fired_are_kept() -> None:
    constraints = Constraints(blocked_providers=frozenset({"x"}), preferred_providers=frozenset({"liked"}))
    several = (
        rule("one", block=names("a", models=("b:1",))),
        rule("silent", When(tag=frozenset({"never"})), block=names("z")),
        rule("two", block=names("c")),
        rule("three", prefer=names("d", models=("d:1",))),
    )
    assert apply(several, constraints, task(), (), NOW) == replace(
        constraints,
        rules=("one", "two", "three"),
        blocked_providers=frozenset({"x", "a", "c"}),
        blocked_models=frozenset({"b:1"}),
        preferred_providers=frozenset({"liked", "d"}),
        preferred_models=frozenset({"d:1"}),
    )


def test_the_first_policy_counts_and_the_requests_own_goes_before_it() -> None:
    two = (rule("one", policy="code"), rule("two", policy="ops"))
    assert apply(two, Constraints(), task(), (), NOW).policy == "code"
    assert apply(two, Constraints(policy="mine"), task(), (), NOW).policy == "mine"


def test_every_rule_that_allows_is_kept_on_its_own() -> None:
    two = (rule("one", allow=names("a")), rule("two", allow=names(models=("a:1",))))
    assert apply(two, Constraints(), task(), (), NOW).allowed == (
        (frozenset({"a"}), frozenset()), (frozenset(), frozenset({"a:1"})),
    )  # fmt: skip


# --- effects on the decision

KNOWN = catalogue(model("a:1"), model("a:2"), model("b:1"), model("c:1"))


def decided(*given_rules: Rule, release: RouterRelease | None = None, known: Catalogue = KNOWN) -> Decision:
    constraints = apply(given_rules, Constraints(), task(), (), NOW)
    return whole_decision(known, release or router(), task(), constraints, SANDBOXED, NOW)


def order(decision: Decision) -> list[str]:
    return [each.model for each in decision.candidates]


def test_what_is_blocked_is_out_with_the_reason_and_the_rest_stays() -> None:
    decision = decided(rule(block=names("a", models=("b:1",))))
    assert order(decision) == ["c:1"]
    assert {out.model: out.code for out in decision.excluded} == dict.fromkeys(("a:1", "a:2", "b:1"), "blocked")


def test_a_blocked_provider_does_not_serve_the_models_of_others_either() -> None:
    known = catalogue(model("a:1", served_by="host"), model("b:1"))
    real = Availability(providers=frozenset({"host", "b"}), sandbox=False)
    constraints = apply((rule(block=names("host")),), Constraints(), task(), (), NOW)
    assert order(whole_decision(known, router(), task(), constraints, real, NOW)) == ["b:1"]
    assert order(whole_decision(known, router(), task(), Constraints(), real, NOW)) == ["a:1", "b:1"]


def test_what_no_rule_allows_is_out_and_every_rule_must_allow() -> None:
    assert order(decided(rule("one", allow=names("a", models=("b:1",))))) == ["a:1", "a:2", "b:1"]
    both = (rule("one", allow=names("a")), rule("two", allow=names("b", models=("a:2",))))
    assert order(decided(*both)) == ["a:2"]
    none = decided(rule("one", allow=names("a")), rule("two", allow=names("b")))
    assert none.chosen is None
    assert {out.code for out in none.excluded} == {"blocked"}


def test_a_block_goes_before_an_allow() -> None:
    assert order(decided(rule("one", allow=names("a")), rule("two", block=names(models=("a:1",))))) == ["a:2"]


@pytest.mark.parametrize(("score", "first"), [("80", "b:1"), ("79.9", "a:1")])
def test_what_is_preferred_goes_first_only_within_a_fifth_of_the_best_score(score: str, first: str) -> None:
    release = router(
        profile("a:1", "90", coding="100"), profile("a:2", "90", coding="90"), profile("b:1", "90", coding=score),
        profile("c:1", "90", coding="10"),
    )  # fmt: skip
    assert order(decided(rule(prefer=names("b", "c")), release=release))[0] == first
    assert order(decided(rule(prefer=names(models=("b:1", "c:1"))), release=release))[0] == first


def test_several_preferred_ones_keep_their_order_among_themselves() -> None:
    release = router(
        profile("a:1", "90", coding="100"), profile("a:2", "90", coding="90"), profile("b:1", "90", coding="95"),
        profile("c:1", "90", coding="10"),
    )  # fmt: skip
    decision = decided(rule(prefer=names("b", "c", models=("a:2",))), release=release)
    assert order(decision) == ["b:1", "a:2", "a:1", "c:1"]


def test_a_policy_that_a_rule_chooses_orders_the_models() -> None:
    release = router(policies=(policy("night", "c:1", "a:2"),))
    assert order(decided(rule(policy="night"), release=release)) == ["c:1", "a:2"]
