"""What is wanted of every request of somebody's, where the request itself does not say otherwise. Pure."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import TypeVar

from autorouter.decision.firing import RuleSet
from autorouter.decision.rules import Names, Rule
from autorouter.types import Constraints, Priority, Task

Number = TypeVar("Number", int, Decimal)


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """A set of a user or of an account, or what both say together. None and empty: nothing is said."""

    priority: Priority | None = None
    max_cost_usd: Decimal | None = None
    max_latency_ms: int | None = None
    preferred_providers: frozenset[str] = frozenset()
    blocked_providers: frozenset[str] = frozenset()
    rules: tuple[Rule, ...] = ()

    @cached_property
    def ruleset(self) -> RuleSet:
        """The rules, and the lists that count whatever fires, compiled once and kept as long as these preferences are."""
        return RuleSet(
            self.rules,
            blocked=Names(providers=self.blocked_providers),
            preferred=Names(providers=self.preferred_providers),
        )


NONE = Preferences()


def apply(
    preferences: Preferences,
    constraints: Constraints,
    priority: Priority | None,
    task: Task,
    tags: Sequence[str],
    now: datetime,
    policies: Container[str],
) -> Constraints:
    """The constraints with the preferences in them: the lower limits, all blocks, and the rules that fire. Pure.

    `priority` is the request's own, None where it names none. A rule whose policy is not among the active `policies` does not
    fire: a rule never makes a request fail.
    """
    if preferences is NONE:
        return constraints if priority is None else replace(constraints, priority=priority)
    return preferences.ruleset.effect(task, tags, now, policies).on(
        constraints,
        priority=priority or preferences.priority or "balanced",
        max_cost_usd=_lower(constraints.max_cost_usd, preferences.max_cost_usd),
        max_latency_ms=_lower(constraints.max_latency_ms, preferences.max_latency_ms),
    )


def together(account: Preferences, own: Preferences) -> Preferences:
    """What an account and one of its people say together: what the person says goes before, where the person says nothing the
    account counts; the lower limits, all blocks and the rules of both hold. The person's rules stand first, so that the policy
    which they choose is the one."""
    return Preferences(
        priority=own.priority or account.priority,
        max_cost_usd=_lower(own.max_cost_usd, account.max_cost_usd),
        max_latency_ms=_lower(own.max_latency_ms, account.max_latency_ms),
        preferred_providers=own.preferred_providers or account.preferred_providers,
        blocked_providers=own.blocked_providers | account.blocked_providers,
        rules=own.rules + account.rules,
    )


def _lower(one: Number | None, other: Number | None) -> Number | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)
