"""Compiled rules fire exactly when each of their conditions holds, and say together what each says alone."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from autorouter.decision.bitsets import members
from autorouter.decision.firing import MAX_EFFECTS, RuleSet
from autorouter.decision.rules import WEEKDAYS, Names, Rule, When
from autorouter.types import CATEGORIES, COMPLEXITIES, Constraints, Task
from tests.autorouter.fakes import NOW, task

TAGS = ("a", "b", "c")


def fires(rule: Rule, asked: Task, tags: Sequence[str], now: datetime) -> bool:
    """As docs/router.md says it."""
    when = rule.when
    first = 0 if when.from_hour is None else when.from_hour
    last = 24 if when.until_hour is None else when.until_hour
    hours = range(first, last) if first <= last else [*range(first, 24), *range(last)]
    return (
        (not when.category or asked.category in when.category)
        and (not when.complexity or asked.complexity in when.complexity)
        and (when.min_tokens is None or asked.input_tokens >= when.min_tokens)
        and (when.max_tokens is None or asked.input_tokens <= when.max_tokens)
        and (not when.weekday or WEEKDAYS[now.weekday()] in when.weekday)
        and (not when.tag or any(tag in when.tag for tag in tags))
        and now.hour in hours
    )


def some(random: Random, words: Sequence[str]) -> frozenset[str]:
    return frozenset(random.sample(words, random.choice([0, 0, 1, 2, len(words)])))


def rule(random: Random, at: int) -> Rule:
    size, hour = [None, 0, 10, 11, 20], [None, 0, 6, 12, 13, 22]
    return Rule(
        name=f"r{at}",
        when=When(
            category=some(random, CATEGORIES), complexity=some(random, COMPLEXITIES), weekday=some(random, WEEKDAYS),
            tag=some(random, TAGS), min_tokens=random.choice(size), max_tokens=random.choice(size),
            from_hour=random.choice(hour), until_hour=random.choice([*hour, 24]),
        ),
        block=Names(models=frozenset({f"m{at}"})),
    )  # fmt: skip


@given(st.randoms(use_true_random=True))
def test_exactly_the_rules_fire_whose_conditions_all_hold(random: Random) -> None:
    rules = [rule(random, at) for at in range(random.choice([0, 1, 50]))]
    ruleset = RuleSet(rules)
    for _ in range(10):
        asked = task(
            category=random.choice(CATEGORIES), complexity=random.choice(COMPLEXITIES),
            input_tokens=random.choice([0, 9, 10, 11, 20, 21]),
        )  # fmt: skip
        tags, now = list(some(random, (*TAGS, "other"))), NOW + timedelta(hours=random.randint(0, 200))
        fired = [at for at, each in enumerate(rules) if fires(each, asked, tags, now)]
        assert list(members(ruleset.firing(asked, tags, now))) == fired
        effect = ruleset.effect(asked, tags, now, ())
        assert effect.rules == tuple(f"r{at}" for at in fired)
        assert effect.blocked.models == {f"m{at}" for at in fired}


def always(name: str, **effect: Any) -> Rule:
    return Rule(name=name, when=When(), **effect)


def test_a_rule_whose_policy_is_not_active_does_not_fire_whatever_fired_before() -> None:
    ruleset = RuleSet([always("one", policy="gone"), always("two", policy="code")])
    for _ in range(2):
        assert ruleset.effect(task(), (), NOW, {"code"}).policy == "code"
        assert ruleset.effect(task(), (), NOW, {"code"}).rules == ("two",)
        assert ruleset.effect(task(), (), NOW, {"code", "gone"}).policy == "gone"
        assert ruleset.effect(task(), (), NOW, ()).rules == ()


def test_hours_and_weekdays_are_utc_wherever_the_clock_stands() -> None:
    """Half past midnight on Sunday in Tokyo is Saturday afternoon in UTC."""
    tokyo = datetime(2026, 11, 22, 0, 30, tzinfo=timezone(timedelta(hours=9)))
    assert tokyo.astimezone(UTC).weekday() == 5
    ruleset = RuleSet(
        [Rule(name="r", when=When(weekday=frozenset({"sat"}), from_hour=15, until_hour=16), policy="code")]
    )
    assert ruleset.firing(task(), (), tokyo) == 1


def test_what_is_there_whatever_fires_is_there_where_nothing_fires() -> None:
    ruleset = RuleSet([], blocked=Names(providers=frozenset({"b"})), preferred=Names(providers=frozenset({"p"})))
    assert ruleset.effect(task(), (), NOW, ()).on(Constraints(blocked_providers=frozenset({"a"}))) == Constraints(
        blocked_providers=frozenset({"a", "b"}), preferred_providers=frozenset({"p"})
    )


def test_the_combinations_that_are_kept_are_bounded() -> None:
    rules = [
        Rule(name=f"r{at}", when=When(tag=frozenset({f"t{at}"})), block=Names(models=frozenset({f"m{at}"})))
        for at in range(10)
    ]
    ruleset = RuleSet(rules)
    for fired in range(2**10):
        tags = [f"t{at}" for at in range(10) if fired >> at & 1]
        assert ruleset.effect(task(), tags, NOW, ()).blocked.models == {f"m{tag[1:]}" for tag in tags}
    assert ruleset._added_up.cache_info().currsize == MAX_EFFECTS
