"""Rules out of JSON: into frozen values, or into problems by their path."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from autorouter.decision import rules
from autorouter.decision.firing import RuleSet
from autorouter.decision.rules import InvalidRules, Names, Rule, When
from autorouter.types import CATEGORIES, COMPLEXITIES, Constraints, Task
from tests.autorouter.fakes import NOW, task

NOTHING: dict[str, Any] = {"name": "r", "when": {}, "then": {"block": {"providers": ["a"]}}}


def rule(name: str = "r", when: When | None = None, **effect: Any) -> Rule:
    return Rule(name=name, when=when or When(), **(effect or {"block": Names(providers=frozenset({"a"}))}))


def names(*providers: str, models: tuple[str, ...] = ()) -> Names:
    return Names(providers=frozenset(providers), models=frozenset(models))


def fires(given: Rule, asked: Task, tags: Sequence[str], now: datetime) -> bool:
    return bool(RuleSet((given,)).firing(asked, tags, now))


def apply(
    given: Sequence[Rule], constraints: Constraints, asked: Task, tags: Sequence[str], now: datetime
) -> Constraints:
    """The constraints with what the rules that fire say, while every policy is active."""
    return RuleSet(given).effect(asked, tags, now, {rule.policy for rule in given if rule.policy}).on(constraints)


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
