"""Every model of a catalogue, best first for each kind of task: all of a decision that no single request changes.

A *place* is where a model stands by score, 0 the best; what a request rules out are sets of places (see bitsets). Whoever
holds a snapshot holds its rankings: nothing here is keyed by identity, and nothing outlives its owner.
"""

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import cached_property, lru_cache, reduce
from itertools import product
from operator import or_

from autorouter.decision.bitsets import Order, Steps, set_of
from autorouter.decision.candidates import is_local, is_private, keeps_private, price_now
from autorouter.decision.costs import UNPRICED, Rates
from autorouter.decision.deployment_order import hosting, ordered
from autorouter.decision.scoring import cost_tier, quality_of, terms
from autorouter.decision.success import Lessons
from autorouter.types import (
    CATEGORIES,
    COMPLEXITIES,
    COST_TIERS,
    NEEDS,
    Category,
    Complexity,
    CostTier,
    Hosting,
    Leads,
    Policy,
    RouterRelease,
    Task,
    Terms,
)
from models_registry.prices.pricing import mean_price
from models_registry.succession import succession
from models_registry.types import Availability, Capability, Catalogue, Deployment, Model, Price
from routerhub.regions import Regions, is_within

MAX_SPANS = 4
MAX_FILTERS = 4_096
"""Filters that a ranking keeps, one for each set of blocks and allowances in use. One that it forgot takes microseconds."""
Label = tuple[str, str]
"""What many models have in common: ("maker", "openai"), ("needs", "tools"), ("is", "local")."""
Key = tuple[Decimal, Decimal, str]
"""Lowest first: by score (negated), then by lower mean price, then by id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """What of a place where models can be called somebody may rule out."""

    provider: str
    is_private: bool
    regions: tuple[str, ...]
    latency_ms: int | None
    """As it was measured there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What of a model does not depend on the task, from one change of a price or status to the next."""

    model: Model
    price: Price | None
    is_deprecated: bool
    mean_price: Decimal
    """USD per 1M tokens; UNPRICED where there is no price."""
    tier: CostTier
    quality: Decimal
    max_input_tokens: int
    """The largest estimated prompt that its window holds with the context buffer."""
    deployments: tuple[Deployment, ...]
    """Those that can be called, in the order in which they are tried."""
    hosting: Hosting
    labels: frozenset[Label | Host]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """A model with its score for one kind of task, before any bonus for a conversation."""

    standing: Standing
    terms: Terms
    score: Decimal

    @property
    def key(self) -> Key:
        return self.score.copy_negate(), self.standing.mean_price, self.standing.model.id


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A time in which no price and no deprecation begins, and what was compiled for it so far."""

    begins: datetime
    ends: datetime
    standings: Mapping[str, Standing]
    """By model id."""
    rankings: dict[tuple[Category, Complexity], "Ranking"] = field(default_factory=dict)


class Rankings:
    """Every ranking of a catalogue's chat models and a router release, for what can be called at the moment.

    Each is compiled when it is first asked for; `compile_all` does that beforehand. Safe to use from several threads.
    """

    def __init__(self, *, catalogue: Catalogue, router: RouterRelease, availability: Availability) -> None:
        self.catalogue = catalogue
        self.router = router
        self.availability = availability
        self._spans: tuple[Span, ...] = ()
        self._lock = threading.Lock()

    def of(self, category: Category, complexity: Complexity, now: datetime) -> "Ranking":
        """The ranking for a kind of task at a moment."""
        span = self._span(now)
        return span.rankings.get((category, complexity)) or self._compile(span, category, complexity)

    @cached_property
    def regardless_of_circuits(self) -> "Rankings":
        """The same with every circuit closed: for a request that nobody else can take."""
        closed = replace(self.availability, open_circuits={})
        return Rankings(catalogue=self.catalogue, router=self.router, availability=closed)

    def standings(self, now: datetime) -> Mapping[str, Standing]:
        """What of each model does not depend on the task, at a moment, by id."""
        return self._span(now).standings

    def places(self, model: Model, now: datetime) -> tuple[Deployment, ...]:
        """Where a model can be called, in the order in which that is tried."""
        standing = self.standings(now).get(model.id)
        return standing.deployments if standing else self.deployments(model, now)

    def deployments(self, model: Model, now: datetime) -> tuple[Deployment, ...]:
        """The same of a model that may have no standing, since it is none that is chosen between."""
        return ordered(model, self.availability, self.router.config.deployment_max_places, now)

    def compile_all(self, now: datetime) -> None:
        """Every ranking of a moment, so that no request waits for its own. For whoever makes a snapshot."""
        self.router.success.hear(())
        for category, complexity in product(CATEGORIES, COMPLEXITIES):
            self.of(category, complexity, now).lessons(self.router, category)

    def _span(self, now: datetime) -> Span:
        for span in self._spans:
            if span.begins <= now < span.ends:
                return span
        return self._begin(now.astimezone(UTC))

    def _begin(self, now: datetime) -> Span:
        chat = {name: model for name, model in self.catalogue.models.items() if model.kind == "chat"}
        changes = sorted({*_changes(chat.values())})
        bounds = [datetime.min.replace(tzinfo=UTC), *changes, datetime.max.replace(tzinfo=UTC)]
        at = bisect_right(changes, now)
        standings = {name: self._standing(model, now) for name, model in chat.items()}
        span = Span(begins=bounds[at], ends=bounds[at + 1], standings=standings)
        with self._lock:
            self._spans = (span, *self._spans)[:MAX_SPANS]
        return span

    def _standing(self, model: Model, now: datetime) -> Standing:
        config, price = self.router.config, price_now(model, self.availability, now)
        mean = mean_price(price) if price else UNPRICED
        is_deprecated = model.is_deprecated(now.date())
        tier = cost_tier(mean, config)
        places = self.deployments(model, now)
        usable = [each for each in places if each.id not in self.availability.open_circuits]
        is_open = model.is_available and not is_deprecated
        return Standing(
            model=model,
            price=price,
            is_deprecated=is_deprecated,
            mean_price=mean,
            tier=tier,
            quality=quality_of(self.router.profiles.get(model.id)),
            max_input_tokens=max_input_tokens(model.context_window, config.context_buffer),
            deployments=places,
            hosting=hosting(model, self.availability, places),
            labels=frozenset(
                [
                    *self._labels(model, usable),
                    ("tier", tier),
                    *([("is", "open" if price else "unpriced")] if is_open else []),
                ]
            ),
        )

    def _labels(self, model: Model, usable: Iterable[Deployment]) -> Iterator[Label | Host]:
        providers = self.catalogue.providers
        yield "maker", model.provider
        for need in NEEDS:
            if model.has(need):
                yield "has", need
        for each in usable:
            keeps = self.availability.sandbox or keeps_private(each, providers)
            takes = self.availability.latency_at(model, each)
            yield Host(provider=each.provider, is_private=keeps, regions=each.regions, latency_ms=takes)
        if is_private(model, providers):
            yield "is", "private"
        if is_local(model, providers):
            yield "is", "local"
        if model.is_internal_only:
            yield "is", "internal"
        if model.is_pro:
            yield "is", "pro"

    def _compile(self, span: Span, category: Category, complexity: Complexity) -> "Ranking":
        task = Task(category=category, complexity=complexity, input_tokens=0, needs=frozenset(), origin="given")
        ranked = [self._ranked(standing, task) for standing in span.standings.values()]
        return span.rankings.setdefault((category, complexity), Ranking(ranked))

    def _ranked(self, standing: Standing, task: Task) -> Ranked:
        model = standing.model
        profile = self.router.profiles.get(model.id)
        found = terms(model, profile, standing.tier, task, None, self.router.config)
        return Ranked(standing=standing, terms=found, score=found.score)


def max_input_tokens(context_window: int, buffer: Decimal) -> int:
    """The largest whole number of tokens that a window holds with the buffer."""
    numerator, denominator = buffer.as_integer_ratio()
    return context_window * denominator // numerator


def _changes(models: Iterable[Model]) -> Iterator[datetime]:
    """When a price begins, and the first moments of the days from which models are deprecated."""
    for model in models:
        if model.deprecated_from is not None:
            yield datetime.combine(model.deprecated_from, time(), UTC)
        for deployment in model.deployments:
            yield from (price.effective_from for price in deployment.prices)


class Ranking:
    """The models by place, right for one span of time and one availability.

    What it keeps beside is bounded by the number of models, of policies, or by MAX_FILTERS. Safe to use from several threads.
    """

    def __init__(self, ranked: Iterable[Ranked]) -> None:
        self.keys, self.ranked = _sorted(ranked)
        self.places = {each.standing.model.id: place for place, each in enumerate(self.ranked)}
        self.everybody = (1 << len(self.ranked)) - 1
        standings = [each.standing for each in self.ranked]
        self.rates = Rates([each.price for each in standings], [each.model.max_output for each in standings])
        self._lessons: dict[str, Lessons] = {}
        self._falling = [negative for negative, _, _ in self.keys]
        self._groups = _grouped([each.standing.labels for each in self.ranked])
        self.local = self._groups.get(("is", "local"), 0)
        self._sizes = Steps([each.standing.max_input_tokens for each in self.ranked])
        self._successors = {each.model.id: each.model.successor for each in standings if each.is_deprecated}
        self._policies: dict[str, tuple[int, ...]] = {}
        self.passing: Callable[..., int] = lru_cache(MAX_FILTERS)(self._passing)
        self.timely: Callable[..., int] = lru_cache(MAX_FILTERS)(self._timely)
        self.named: Callable[..., int] = lru_cache(MAX_FILTERS)(self._named)

    # --- sets of places

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
            weight, learned = router.config.learned_weight, router.success
            self._lessons[category] = Lessons(
                learned, category, weight, self.places, lambda place: self.ranked[place].terms.category
            )
        return self._lessons[category]

    # --- orders

    def in_policy(self, policy: Policy) -> tuple[int, ...]:
        """The places of a policy's models, in its order; a deprecated one's successor stands right behind it."""
        if policy.name not in self._policies:
            names = dict.fromkeys(each for name in policy.models for each in succession(name, self._successors))
            self._policies[policy.name] = tuple(self.places[name] for name in names if name in self.places)
        return self._policies[policy.name]

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
