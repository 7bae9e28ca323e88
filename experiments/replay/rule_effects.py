"""What preferences would do to recent traffic: which requests would go elsewhere, and how often each of their rules fires."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from typing import Any

from autorouter.decision.rules import Rule
from autorouter.models import Preferences as Row
from autorouter.people import preference_sets, preferences
from autorouter.people.preference_owners import Owner
from autorouter.people.preference_sets import PreferenceSets
from autorouter.people.preferences import Preferences
from autorouter.types import Priority, RouterRelease
from experiments.replay import backtest, comparing
from experiments.replay.traffic import Slice, recorded
from experiments.types import Report, Situation

MAX_REQUESTS = 1_000
LAST = Slice(limit=MAX_REQUESTS)
NEW = 0
"""Stands for the id of a set that has none yet."""
Holding = Callable[[int | None], Preferences]
"""What holds for the requests of a user."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One rule over the last requests."""

    rule: str
    requests: int
    fired: int
    moved: int
    """Requests that would have got another model without this rule."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A recorded request, as it is without what preferences add."""

    situation: Situation
    priority: Priority | None
    """Which the request names itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What preferences that are not saved yet would do otherwise than those that hold."""

    report: Report
    effects: Sequence[Effect]


def effects(user_id: int, own: Preferences, chosen: Slice = LAST) -> list[Effect]:
    """Every rule that holds for the user, as it is written now, over the requests of the user in a slice."""
    catalogue, router = backtest.load(backtest.Pair())
    situations = recorded(replace(chosen, user_id=user_id)).situations
    asked = [_asked(each, own) for each in situations]
    return _effects(comparing.Replay(catalogue, router), router, asked, lambda _: own, own.rules)


def trial(row: Row, account_id: int | None, limit: int = MAX_REQUESTS) -> Trial:
    """A set as it is written now against how it is saved, over the last requests of its owner, as if all of them went by it;
    those of a user in one account, or (None) in all. A new set is compared with what holds without it."""
    owner, inside = Owner.of(row), row.account_id or account_id
    held, mine = preference_sets.around(owner, inside), row.pk or NEW
    now, edited = PreferenceSets(held), PreferenceSets({**held, mine: preference_sets.held(row)})
    holds = cache(partial(now.of, inside))
    before, after = cache(partial(now.of, inside, pinned=mine)), cache(partial(edited.of, inside, pinned=mine))
    catalogue, router = backtest.load(backtest.Pair())
    replay = comparing.Replay(catalogue, router)
    traffic = recorded(Slice(limit=limit, account_id=inside, user_id=owner.user_id))
    asked = [_asked(each, holds(each.user_id)) for each in traffic.situations]
    earlier = replace(traffic, situations=_with(asked, before, router))
    report = comparing.between(earlier, replay, replay, _with(asked, after, router))
    rules = preference_sets.value_of(row).rules
    return Trial(report=report, effects=_effects(replay, router, asked, after, rules))


def as_json(effects: Sequence[Effect]) -> list[dict[str, Any]]:
    return [asdict(each) for each in effects]


def _effects(
    replay: comparing.Replay, router: RouterRelease, asked: Sequence[Asked], holding: Holding, rules: Sequence[Rule]
) -> list[Effect]:
    situations = _with(asked, holding, router)
    models = replay.choices(situations)
    found = []
    for rule in rules:
        without = replay.choices(_with(asked, _without(holding, rule.name), router))
        found.append(
            Effect(
                rule=rule.name,
                requests=len(asked),
                fired=sum(rule.name in each.constraints.rules for each in situations),
                moved=sum(one != other for one, other in zip(models, without, strict=True)),
            )
        )
    return found


def _without(holding: Holding, name: str) -> Holding:
    @cache
    def held(user_id: int | None) -> Preferences:
        found = holding(user_id)
        return replace(found, rules=tuple(each for each in found.rules if each.name != name))

    return held


def _with(asked: Sequence[Asked], holding: Holding, router: RouterRelease) -> list[Situation]:
    """The requests with what holds for each."""
    return [_as_held(each, holding(each.situation.user_id), router) for each in asked]


def _as_held(asked: Asked, wanted: Preferences, router: RouterRelease) -> Situation:
    found, policies = asked.situation, router.policies
    constraints = preferences.apply(
        wanted, found.constraints, asked.priority, found.task, found.tags, found.at, policies
    )
    return replace(found, constraints=constraints)


def _asked(situation: Situation, held: Preferences) -> Asked:
    """A recorded request without what preferences like those that hold add. What it names itself, and they say too, counts as
    theirs; a limit below theirs, and another priority, are its own."""
    constraints = situation.constraints
    by_rule = {rule.policy for rule in held.rules if rule.name in constraints.rules}
    bare = replace(
        constraints,
        priority="balanced",
        max_cost_usd=None if constraints.max_cost_usd == held.max_cost_usd else constraints.max_cost_usd,
        max_latency_ms=None if constraints.max_latency_ms == held.max_latency_ms else constraints.max_latency_ms,
        rules=(),
        allowed=(),
        blocked_providers=frozenset(),
        blocked_models=frozenset(),
        preferred_providers=frozenset(),
        preferred_models=frozenset(),
        policy=None if constraints.policy in by_rule else constraints.policy,
    )
    is_named = constraints.priority != (held.priority or "balanced")
    return Asked(situation=replace(situation, constraints=bare), priority=constraints.priority if is_named else None)
