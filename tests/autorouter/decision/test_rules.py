"""Rules are data: each condition and effect alone and together, and every kind of nonsense named by its path."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from autorouter.decision import rules
from autorouter.decision.firing import RuleSet
from autorouter.decision.rules import InvalidRules, Names, Rule, When
from autorouter.types import CATEGORIES, COMPLEXITIES, Constraints, Decision, RouterRelease, Task
from models_registry.types import Availability, Catalogue
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, policy, profile, router, task, whole_decision

NOTHING: dict[str, Any] = {"name": "r", "when": {}, "then": {"block": {"providers": ["a"]}}}


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


# --- reading


def test_a_rule_with_everything_is_read_into_frozen_values() -> None:
    raw = {
        "name": "all",
        "when": {
            "category": ["coding", "analysis"], "complexity": "complex", "min_tokens": 1, "max_tokens": 2, "from_hour": 22,
            "until_hour": 24, "weekday": ["mon"], "tag": "batch",
        },
        "then": {"prefer": {"providers": "openai", "models": ["a:1", "a:2"]}},
    }  # fmt: skip
    assert rules.read([raw]) == (
        Rule(
            name="all",
            when=When(
                category=frozenset({"coding", "analysis"}), complexity=frozenset({"complex"}), min_tokens=1, max_tokens=2,
                from_hour=22, until_hour=24, weekday=frozenset({"mon"}), tag=frozenset({"batch"}),
            ),
            prefer=names("openai", models=("a:1", "a:2")),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["allow", "block", "prefer"])
def test_each_effect_is_read_where_it_belongs_and_conditions_may_be_missing(kind: str) -> None:
    (read,) = rules.read([{"name": "x", "then": {kind: {"models": ["a:1"]}}}])
    effect: dict[str, Any] = {kind: names(models=("a:1",))}
    assert read == Rule(name="x", when=When(), **effect)
    assert rules.read([{"name": "x", "then": {"policy": "code"}}]) == (rule("x", policy="code"),)
    assert rules.read([]) == ()


def changed(**parts: Any) -> list[Any]:
    return [{**NOTHING, **parts}]


@pytest.mark.parametrize(
    ("raw", "paths"),
    [
        ({}, ["rules"]),
        (None, ["rules"]),
        ("block everything", ["rules"]),
        ([{**NOTHING, "name": f"{each}"} for each in range(51)], ["rules"]),
        ([7], ["rules[0]", "rules[0].name", "rules[0].then"]),
        (changed(name=""), ["rules[0].name"]),
        (changed(name=None), ["rules[0].name"]),
        (changed(name=5), ["rules[0].name"]),
        (changed(name="x" * 65), ["rules[0].name"]),
        ([NOTHING, {**NOTHING}], ["rules[1].name"]),
        (changed(colour="red"), ["rules[0].colour"]),
        (changed(when={"colour": "red"}), ["rules[0].when.colour"]),
        (changed(then={"explode": True}), ["rules[0].then.explode", "rules[0].then"]),
        (changed(when=[]), ["rules[0].when"]),
        (changed(when=None), ["rules[0].when"]),
        (changed(then=[]), ["rules[0].then"]),
        (changed(then={}), ["rules[0].then"]),
        (changed(then={"policy": "code", "block": {"models": ["a:1"]}}), ["rules[0].then"]),
        (changed(then={"block": {}}), ["rules[0].then.block"]),
        (changed(then={"block": {"providers": [], "models": []}}), ["rules[0].then.block"]),
        (changed(then={"prefer": "openai"}), ["rules[0].then.prefer"]),
        (changed(then={"allow": {"providers": [1]}}), ["rules[0].then.allow.providers"]),
        (changed(then={"allow": {"models": {"a": 1}}}), ["rules[0].then.allow.models"]),
        (changed(then={"allow": {"models": ["x"] * 101}}), ["rules[0].then.allow.models"]),
        (changed(then={"allow": {"makers": ["x"], "models": ["x"]}}), ["rules[0].then.allow.makers"]),
        (changed(then={"policy": ""}), ["rules[0].then.policy"]),
        (changed(then={"policy": None}), ["rules[0].then.policy"]),
        (changed(then={"policy": ["code"]}), ["rules[0].then.policy"]),
        (changed(when={"category": "cooking"}), ["rules[0].when.category"]),
        (changed(when={"category": ["coding", "cooking"]}), ["rules[0].when.category"]),
        (changed(when={"complexity": "hard"}), ["rules[0].when.complexity"]),
        (changed(when={"weekday": "monday"}), ["rules[0].when.weekday"]),
        (changed(when={"weekday": 1}), ["rules[0].when.weekday"]),
        (changed(when={"tag": [None]}), ["rules[0].when.tag"]),
        (changed(when={"min_tokens": -1}), ["rules[0].when.min_tokens"]),
        (changed(when={"min_tokens": True}), ["rules[0].when.min_tokens"]),
        (changed(when={"max_tokens": 1.5}), ["rules[0].when.max_tokens"]),
        (changed(when={"max_tokens": "10"}), ["rules[0].when.max_tokens"]),
        (changed(when={"max_tokens": 1_000_000_001}), ["rules[0].when.max_tokens"]),
        (changed(when={"from_hour": 24}), ["rules[0].when.from_hour"]),
        (changed(when={"until_hour": 25}), ["rules[0].when.until_hour"]),
    ],
)
def test_nonsense_is_a_problem_by_its_path(raw: Any, paths: list[str]) -> None:
    with pytest.raises(InvalidRules) as caught:
        rules.read(raw)
    problems = {path: problem for path, problem in caught.value.problems.items() if path in paths}
    assert set(problems) == set(paths)
    assert all(len(problem) > 10 for problem in problems.values())


def test_a_problem_says_what_was_given_and_what_is_allowed() -> None:
    with pytest.raises(InvalidRules) as caught:
        rules.read(changed(when={"category": "cooking", "from_hour": 24, "colour": 1}))
    assert caught.value.problems == {
        "rules[0].when.category": f"'cooking': allowed are {', '.join(CATEGORIES)}.",
        "rules[0].when.from_hour": "24 is not a whole number from 0 to 23.",
        "rules[0].when.colour": f"unknown. Allowed: {', '.join(rules.CONDITIONS)}.",
    }


def test_all_problems_of_all_rules_are_told_at_once() -> None:
    with pytest.raises(InvalidRules) as caught:
        rules.read([*changed(name=""), {**NOTHING, "name": "b", "then": {"policy": ""}}])
    assert list(caught.value.problems) == ["rules[0].name", "rules[1].then.policy"]


@pytest.mark.parametrize("effect", [{"block": {"models": [""]}}, {"allow": {"providers": ""}}])
def test_an_empty_name_is_a_problem(effect: dict[str, Any]) -> None:
    with pytest.raises(InvalidRules) as caught:
        rules.read(changed(then=effect))
    assert all(path.startswith("rules[0].then") for path in caught.value.problems)


def test_two_rules_without_a_name_are_each_told_what_a_name_is() -> None:
    nameless = {"then": {"policy": "code"}}
    with pytest.raises(InvalidRules) as caught:
        rules.read([nameless, nameless])
    told = "None is not a text of 1 to 64 characters."
    assert caught.value.problems == {"rules[0].name": told, "rules[1].name": told}


def test_at_the_limits_rules_are_read() -> None:
    most = [{**NOTHING, "name": f"{each}".rjust(64)} for each in range(50)]
    assert len(rules.read(most)) == 50
    (read,) = rules.read(changed(then={"allow": {"models": [f"a:{each}" for each in range(100)]}}))
    assert read.allow is not None
    assert len(read.allow.models) == 100


CODE = "__import__('builtins').setattr(__import__('builtins'), 'rules_were_run', True)"


def test_what_looks_like_code_is_a_text_and_nothing_runs_it() -> None:
    import builtins

    (read,) = rules.read([{"name": CODE[:64], "when": {"tag": CODE}, "then": {"block": {"models": [CODE]}}}])
    assert read.block == names(models=(CODE,))
    assert fires(read, task(), (CODE,), NOW)
    apply((read,), Constraints(), task(), (CODE,), NOW)
    for nonsense in ({"category": CODE}, {"min_tokens": CODE}, {CODE: True}):
        with pytest.raises(InvalidRules):
            rules.read(changed(when=nonsense))
    assert not hasattr(builtins, "rules_were_run")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["name", "when", "then", *rules.EFFECTS, *rules.CONDITIONS, "providers", "models", "x"]), inner,
        max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON | st.lists(st.fixed_dictionaries({"name": JSON, "when": JSON, "then": JSON}), max_size=3))
def test_whatever_json_comes_is_read_or_refused_and_never_breaks(raw: Any) -> None:
    try:
        read = rules.read(raw)
    except InvalidRules as invalid:
        event(f"{min(len(invalid.problems), 2)} problems or more")
        return
    assert isinstance(raw, list)
    assert len(read) == len(raw)
    for each in read:
        assert sum(effect is not None for effect in (each.allow, each.block, each.prefer, each.policy)) == 1
        assert each.when.category <= set(CATEGORIES)
        assert each.when.complexity <= set(COMPLEXITIES)
    assert isinstance(apply(read, Constraints(max_cost_usd=Decimal(1)), task(), ("x",), NOW), Constraints)
