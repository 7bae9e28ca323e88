"""Models by place, best first: who is where in one ranking, and which places a request rules out. Pure.

A *place* is where a model stands by score, 0 the best; what a request rules out are sets of places (see bitsets).
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property, lru_cache, reduce
from operator import or_
from typing import Any

from autorouter.decision.bitsets import Order, Steps, set_of
from autorouter.decision.costs import Rates
from autorouter.decision.ordering import shifted
from autorouter.decision.standings import Host, Label, Standing
from autorouter.decision.success import Lessons
from autorouter.decision.terms import Terms
from autorouter.types import COST_TIERS, Category, Complexity, CostTier, Leads, Policy, RouterRelease, Weighted
from models_registry.succession import succession
from models_registry.types import Capability
from routerhub.regions import Regions, is_within

MAX_FILTERS = 4_096
"""Filters that a ranking keeps, one for each set of blocks and allowances in use. One that it forgot takes microseconds."""
Key = tuple[Decimal, Decimal, str]
"""Lowest first: by score (negated), then by lower mean price, then by id."""


_MEASURES: Mapping[str, Callable[[Standing], Any]] = {
    "cheapest": lambda each: (each.mean_price, each.model.id),
    "strongest": lambda each: (each.quality.copy_negate(), each.mean_price, each.model.id),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """A model with its score for one kind of task, before any bonus for a conversation."""

    standing: Standing
    terms: Terms
    score: Decimal
    weighted: Weighted = ()
    """What the category term is the mean of, where that is of several categories."""

    @property
    def key(self) -> Key:
        return self.score.copy_negate(), self.standing.mean_price, self.standing.model.id


class Ranking:
    """The models by place, right for one span of time and one availability.

    What it keeps beside is bounded by the number of models, of policies, or by MAX_FILTERS. Safe to use from several threads.
    """

    def __init__(self, ranked: Iterable[Ranked]) -> None:
        self.keys: Sequence[Key]
        self.ranked: Sequence[Ranked]
        self.keys, self.ranked = _sorted(ranked)
        self.places: Mapping[str, int] = {each.standing.model.id: place for place, each in enumerate(self.ranked)}
        self.everybody = (1 << len(self.ranked)) - 1
        standings = [each.standing for each in self.ranked]
        self.rates: Rates = Rates([each.price for each in standings], [each.model.max_output for each in standings])
        self._lessons: dict[str, Lessons] = {}
        self._falling: Sequence[Decimal] = [negative for negative, _, _ in self.keys]
        self._groups = _grouped([each.standing.labels for each in self.ranked])
        self._sizes = Steps([each.standing.max_input_tokens for each in self.ranked])
        self._successors = {each.model.id: each.model.successor for each in standings if each.is_deprecated}
        self._policies: dict[str, tuple[int, ...]] = {}
        self.passing: Callable[..., int] = lru_cache(MAX_FILTERS)(self._passing)
        self.timely: Callable[..., int] = lru_cache(MAX_FILTERS)(self._timely)
        self.named: Callable[..., int] = lru_cache(MAX_FILTERS)(self._named)

    @property
    def sets(self) -> "Ranking":
        """The ranking whose places are ruled out, and `moved` here then."""
        return self

    def moved(self, places: int) -> int:
        """A set of the places of `sets`."""
        return places

    # --- sets of places

    @cached_property
    def local(self) -> int:
        return self._groups.get(("is", "local"), 0)

    def fitting(self, input_tokens: int, needs: Iterable[Capability]) -> int:
        """The models whose window holds so large a prompt with the buffer, and that have what is needed."""
        left = self._sizes.at_least(input_tokens)
        for need in needs:
            left &= self._groups.get(("has", need), 0)
        return left

    def available(self, takes_unpriced: bool) -> int:
        """The models that are neither switched off nor deprecated, and have a price unless it `takes_unpriced` ones."""
        priced = self._groups.get(("is", "open"), 0)
        return priced | self._groups.get(("is", "unpriced"), 0) if takes_unpriced else priced

    def up_to(self, tier: CostTier) -> int:
        """The places of models of this tier and of cheaper ones."""
        return _union(self._groups.get(("tier", each), 0) for each in COST_TIERS[: COST_TIERS.index(tier) + 1])

    def scoring(self, score: Decimal) -> int:
        """The models with at least so high a score."""
        return (1 << bisect_right(self._falling, score.copy_negate())) - 1

    def _passing(
        self,
        blocked_providers: frozenset[str],
        blocked_models: frozenset[str],
        allowed: tuple[tuple[frozenset[str], frozenset[str]], ...],
        wants_privacy: bool,
        allows_internal: bool,
        allows_pro: bool,
        regions: Regions,
    ) -> int:
        """The models that may be used and can be called, by what somebody's preferences and rules say of any request."""
        groups = self._groups
        left = _reached(self._hosts, blocked_providers, wants_privacy, regions)
        left &= ~self._named(blocked_providers, blocked_models)
        for providers, models in allowed:
            left &= self._named(providers, models)
        if wants_privacy:
            left &= groups.get(("is", "private"), 0)
        if not allows_internal:
            left &= ~groups.get(("is", "internal"), 0)
        return left if allows_pro else left & ~groups.get(("is", "pro"), 0)

    def _timely(
        self, max_latency_ms: int, blocked_providers: frozenset[str], wants_privacy: bool, regions: Regions
    ) -> int:
        """The models that can be called at a place that is not measured to take longer."""
        quick = {host: places for host, places in self._timed.items() if (host.latency_ms or 0) <= max_latency_ms}
        return _reached(quick, blocked_providers, wants_privacy, regions)

    def _named(self, providers: frozenset[str], models: frozenset[str]) -> int:
        """The models of these makers, and these models."""
        makers = _union(self._groups.get(("maker", name), 0) for name in providers)
        return makers | set_of(self.places[name] for name in models if name in self.places)

    def leading(self, leads: Leads) -> int:
        """What a variant puts first. A provider's models are those that carry its name, and those that are called there."""
        kind, name = leads
        there = _union(places for host, places in self._hosts.items() if kind == "provider" and host.provider == name)
        return self._groups.get(("tier", name), there) | self.named(frozenset({name}), frozenset({name}))

    def lessons(self, router: RouterRelease, category: Category) -> Lessons:
        """What a release says was learned of these models for a kind of task."""
        if category not in self._lessons:
            weight, ranked = router.config.learned_weight, self.ranked
            self._lessons[category] = Lessons(
                router.success, category, weight, self.places, lambda place: ranked[place].terms.category
            )
        return self._lessons[category]

    # --- orders

    def in_policy(self, policy: Policy, complexity: Complexity) -> tuple[int, ...]:
        """The places of a policy's models in the order in which a task of the ranking's complexity tries them; in the policy's
        own a deprecated one's successor stands right behind it."""
        if policy.name not in self._policies:
            names = dict.fromkeys(each for name in policy.models for each in succession(name, self._successors))
            found = tuple(self.places[name] for name in names if name in self.places)
            self._policies[policy.name] = self._by_complexity(found, policy, complexity)
        return self._policies[policy.name]

    def _by_complexity(self, found: tuple[int, ...], policy: Policy, complexity: Complexity) -> tuple[int, ...]:
        """Cheapest or strongest first, equals by lower mean price, then by id; then moved by what was measured."""
        first = policy.tries_first(complexity)
        if not first:
            return found
        standings = sorted([self.ranked[place].standing for place in found], key=_MEASURES[first])
        names = shifted([each.model.id for each in standings], dict(policy.shifts))
        return tuple(self.places[name] for name in names)

    @cached_property
    def by_quality(self) -> Order:
        return Order([each.standing.quality.copy_negate() for each in self.ranked])

    @cached_property
    def by_speed(self) -> Order:
        """By the time to expect, then by the highest bonus: by that alone where nothing was measured."""
        return Order([(each.standing.hosting.expected_ms, each.terms.speed.copy_negate()) for each in self.ranked])

    @cached_property
    def _timed(self) -> dict[Host, int]:
        return {host: places for host, places in self._groups.items() if isinstance(host, Host)}

    @cached_property
    def _hosts(self) -> dict[Host, int]:
        """The same whatever they take, which are fewer."""
        found: dict[Host, int] = {}
        for host, places in self._timed.items():
            untimed = replace(host, latency_ms=None)
            found[untimed] = found.get(untimed, 0) | places
        return found


def _sorted(ranked: Iterable[Ranked]) -> tuple[list[Key], tuple[Ranked, ...]]:
    keyed = sorted(((each.key, each) for each in ranked), key=lambda pair: pair[0])
    return [key for key, _ in keyed], tuple(each for _, each in keyed)


def _union(sets: Iterable[int]) -> int:
    return reduce(or_, sets, 0)


def _reached(
    hosts: Mapping[Host, int], blocked_providers: frozenset[str], wants_privacy: bool, regions: Regions
) -> int:
    """The models that somebody may call at one of these."""
    return _union(
        places
        for host, places in hosts.items()
        if host.provider not in blocked_providers
        and (host.is_private or not wants_privacy)
        and is_within(host.regions, regions)
    )


def _grouped(labels: Sequence[Iterable[Label | Host]]) -> Mapping[Label | Host, int]:
    """The places of each label, out of the labels of each place."""
    found: dict[Label | Host, int] = {}
    for place, some in enumerate(labels):
        bit = 1 << place
        for label in some:
            found[label] = found.get(label, 0) | bit
    return found
