"""What a user wants of every request of theirs, where the request itself does not say otherwise."""

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import TypeVar

from django.db import transaction

from autorouter import models
from autorouter.decision import rules
from autorouter.decision.firing import RuleSet
from autorouter.decision.rules import InvalidRules, Names, Rule
from autorouter.types import Constraints, Priority, Task
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.releases import notify, rows

Number = TypeVar("Number", int, Decimal)
CHANGED = "preferences"
"""What the processes hear, with the user's id, when somebody's preferences changed."""


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """One set per user. None and empty: no restriction."""

    priority: Priority = "balanced"
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
    """The constraints with the user's preferences in them: the lower limits, all blocks, and the rules that fire. Pure.

    `priority` is the request's own, None where it names none. A rule whose policy is not among the active `policies` does not
    fire: a rule never makes a request fail.
    """
    if preferences is NONE:
        return constraints if priority is None else replace(constraints, priority=priority)
    return preferences.ruleset.effect(task, tags, now, policies).on(
        constraints,
        priority=priority or preferences.priority,
        max_cost_usd=_lower(constraints.max_cost_usd, preferences.max_cost_usd),
        max_latency_ms=_lower(constraints.max_latency_ms, preferences.max_latency_ms),
    )


def _lower(one: Number | None, other: Number | None) -> Number | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)


def load() -> Mapping[int, Preferences]:
    """Everybody's preferences by user id; who has none is missing. Raises DatabaseError."""
    return read(versions())


def versions() -> dict[int, str]:
    """The version of everybody's preferences by user id: another one when they were changed."""
    return rows.versions("SELECT user_id, concat_ws('/', xmin, ctid) FROM autorouter_preferences")


def read(users: Collection[int]) -> dict[int, Preferences]:
    """The preferences of these users; who has none is missing. Raises DatabaseError."""
    return {row.user_id: value_of(row) for row in models.Preferences.objects.filter(user_id__in=users).order_by()}


def of_user(user_id: int | None) -> Preferences:
    """One user's preferences. Raises DatabaseError."""
    row = models.Preferences.objects.filter(user_id=user_id).first() if user_id is not None else None
    return value_of(row) if row else NONE


def value_of(row: models.Preferences) -> Preferences:
    """A row as the router reads it. Rules that an older version wrote and this one cannot read do not fire."""
    try:
        read = rules.read(row.rules)
    except InvalidRules:
        read = ()
    return Preferences(
        priority=row.priority,  # type: ignore[arg-type]  # the column's choices are the type's
        max_cost_usd=row.max_cost_usd,
        max_latency_ms=row.max_latency_ms,
        preferred_providers=frozenset(row.preferred_providers),
        blocked_providers=frozenset(row.blocked_providers),
        rules=read,
    )


@transaction.atomic
def save(row: models.Preferences, change: Change) -> None:
    """Check and save; every process follows when this commits. Raises ValidationError."""
    row.full_clean()
    history.stamp(row, change)
    row.save()


def announce_change(instance: models.Preferences, **_: object) -> None:
    """Tell every process, when the transaction commits, whose preferences changed. They make no release: they are the
    user's own."""
    notify.announce(f"{CHANGED}:{instance.user_id}")
