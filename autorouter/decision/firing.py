"""Which of a user's rules fire for a request, and what they say together. Pure."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from autorouter.decision.bitsets import Steps, members, set_of
from autorouter.decision.rules import NOBODY, WEEKDAYS, Names, Rule, When, together
from autorouter.types import CATEGORIES, COMPLEXITIES, EMBEDDING, Constraints, Task

MAX_EFFECTS = 256
"""Combinations of fired rules that are kept added up, for each user."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """What a user's own lists and the rules that fired say together: they add up, and the first policy counts."""

    rules: tuple[str, ...]
    """Names of those that fired."""
    policy: str | None
    allowed: tuple[tuple[frozenset[str], frozenset[str]], ...]
    blocked: Names
    preferred: Names

    def on(self, constraints: Constraints, **changes: Any) -> Constraints:
        """The constraints with it, and other fields changed. The sets stay the same objects from request to request, whose
        hashes are known."""
        return replace(
            constraints,
            **changes,
            rules=self.rules,
            policy=constraints.policy or self.policy,
            allowed=constraints.allowed + self.allowed,
            blocked_providers=_joined(constraints.blocked_providers, self.blocked.providers),
            blocked_models=_joined(constraints.blocked_models, self.blocked.models),
            preferred_providers=_joined(constraints.preferred_providers, self.preferred.providers),
            preferred_models=_joined(constraints.preferred_models, self.preferred.models),
        )


class RuleSet:
    """A user's rules, compiled: which of them fire is a few look-ups, however many there are."""

    def __init__(self, rules: Sequence[Rule], blocked: Names = NOBODY, preferred: Names = NOBODY) -> None:
        """`blocked` and `preferred` are there whatever fires."""
        self.rules = tuple(rules)
        self._blocked, self._preferred = blocked, preferred
        whens = [rule.when for rule in rules]
        self._categories = _fitting([*CATEGORIES, EMBEDDING], [when.category for when in whens])
        self._complexities = _fitting([*COMPLEXITIES, ""], [when.complexity for when in whens])
        self._weekdays = _fitting(WEEKDAYS, [when.weekday for when in whens])
        self._hours = [set_of(at for at, when in enumerate(whens) if _is_within(when, hour)) for hour in range(24)]
        self._from_tokens = Steps([when.min_tokens for when in whens])
        self._to_tokens = Steps([when.max_tokens for when in whens])
        self._tags = _fitting({tag for when in whens for tag in when.tag}, [when.tag for when in whens])
        self._untagged = set_of(at for at, when in enumerate(whens) if not when.tag)
        self._policies = [(rule.policy, 1 << at) for at, rule in enumerate(rules) if rule.policy]
        self._added_up = lru_cache(MAX_EFFECTS)(self._add_up)

    def effect(self, task: Task, tags: Iterable[str], now: datetime, policies: Container[str]) -> Effect:
        """What the rules that fire say together. One whose policy is not among `policies` never fires."""
        fired = self.firing(task, tags, now)
        for policy, rule in self._policies:
            if policy not in policies:
                fired &= ~rule
        return self._added_up(fired)

    def firing(self, task: Task, tags: Iterable[str], now: datetime) -> int:
        """The set of rules of which a request fits every condition."""
        tagged = self._untagged
        for tag in tags:
            tagged |= self._tags.get(tag, 0)
        moment = now.astimezone(UTC)
        return (
            tagged
            & self._categories[task.category]
            & self._complexities[task.complexity]
            & self._weekdays[WEEKDAYS[moment.weekday()]]
            & self._hours[moment.hour]
            & self._from_tokens.at_most(task.input_tokens)
            & self._to_tokens.at_least(task.input_tokens)
        )

    def _add_up(self, fired: int) -> Effect:
        rules = [self.rules[at] for at in members(fired)]
        return Effect(
            rules=tuple(rule.name for rule in rules),
            policy=next((rule.policy for rule in rules if rule.policy), None),
            allowed=tuple((rule.allow.providers, rule.allow.models) for rule in rules if rule.allow),
            blocked=together([self._blocked, *(rule.block for rule in rules if rule.block)]),
            preferred=together([self._preferred, *(rule.prefer for rule in rules if rule.prefer)]),
        )


def _fitting(words: Iterable[str], conditions: Sequence[frozenset[str]]) -> Mapping[str, int]:
    """For each word the set of rules whose condition it fits."""
    return {word: set_of(at for at, listed in enumerate(conditions) if not listed or word in listed) for word in words}


def _is_within(when: When, hour: int) -> bool:
    first = 0 if when.from_hour is None else when.from_hour
    last = 24 if when.until_hour is None else when.until_hour
    return first <= hour < last if first <= last else hour >= first or hour < last


def _joined(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    return one | other if one and other else one or other
