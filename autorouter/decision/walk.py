"""The models that may answer a request, best first, found one by one. Pure.

They go by score; then by what is asked for on top: a policy's order, drawn towards what is preferred and the priority's
measure, or these among those near the best score, or local ones first; and before all others the model that the session keeps.
What a test's variant puts first (`leads`) goes before the rest, each part in that order; a session keeps no model of the rest.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from heapq import heapify, heappop
from typing import Any, NamedTuple

from autorouter.decision.bitsets import members, set_of
from autorouter.decision.costs import Costs
from autorouter.decision.ordering import drawn
from autorouter.decision.places import Key, Ranking
from autorouter.decision.ranking import Rankings
from autorouter.decision.success import NOTHING, SILENCE, Evidence
from autorouter.decision.terms import Terms
from autorouter.errors import UnknownModel, UnknownPolicy
from autorouter.types import Constraints, Policy, RouterRelease, Task, TriesFirst

PRIORITY_MARGIN = Decimal("0.2")
"""A priority other than balanced picks by its own measure among the candidates within this share of the best score."""
MEASURED = frozenset({"cost", "speed", "quality"})
Measure = Callable[[int], Any]
"""Of a place, the lower the better."""


class Lifted(NamedTuple):
    """A model as it stands for one request: the conversation's previous one with its bonus, or with what was learned of it."""

    key: Key
    stickiness: Decimal
    learned: Decimal


class Walk:
    """One request's way through the ranking for its kind of task. Raises UnknownModel, UnknownPolicy."""

    def __init__(self, rankings: Rankings, task: Task, constraints: Constraints, now: datetime) -> None:
        self.ranking = rankings.for_task(task, now)
        self.task = task
        self.constraints = constraints
        self._policy = _policy(rankings.router, constraints)
        self.policy_first: TriesFirst = self._policy.tries_first(task.complexity) if self._policy else ""
        self._max_places = rankings.router.config.policy_max_places
        is_loyal = constraints.shares_decision or rankings.router.config.stickiness_bonus > 0
        self._keeps = constraints.keeps_model and is_loyal
        self.max_cost_usd = _lower(constraints.max_cost_usd, self._policy.max_cost_usd if self._policy else None)
        self.considered = _considered(self.ranking, self._policy, task, constraints)
        """The places that are looked at: of all models, of those of the policy, or of the request's own."""
        self._costs = Costs(self.ranking.rates, task, constraints, self.max_cost_usd)
        admitted = self.ranking.moved(_admitted(self.ranking.sets, task, constraints))
        self._left = self._costs.narrowed(self.considered & admitted)
        self._previous = self._place_of_previous()
        self._own = 0 if self._previous is None else 1 << self._previous
        self._success = rankings.router.success
        self._lessons = self.ranking.lessons(rankings.router, task.category)
        self._heard = self._success.hear(task.terms) if self._lessons else SILENCE
        self._lifted = self._lift(rankings.router.config.stickiness_bonus)
        self._apart = set_of(self._lifted)

    def _place_of_previous(self) -> int | None:
        """Of the conversation's previous model, where it may answer again."""
        place = self.ranking.places.get(self.constraints.previous_model or "")
        return place if place is not None and self._left >> place & 1 and self._costs.fits(place) else None

    def _lift(self, stickiness: Decimal) -> dict[int, Lifted]:
        """Who stands elsewhere than in the ranking: the previous model, and those whom the prompt's words move."""
        points = self._lessons.points(self._heard, self._left) if self._lessons else {}
        moved = self._costs.fitting(points)
        found = {place: _lifted(self.ranking, place, NOTHING, points[place]) for place in moved}
        if self._previous is not None:
            own = points.get(self._previous, NOTHING)
            found[self._previous] = _lifted(self.ranking, self._previous, stickiness, own)
        return found

    def scored(self, place: int) -> tuple[Decimal, Terms]:
        """Score and terms of the model at a place, as it stands for this request."""
        ranked, lifted = self.ranking.ranked[place], self._lifted.get(place)
        if lifted is None:
            return ranked.score, ranked.terms
        terms = ranked.terms
        return lifted.key[0].copy_negate(), Terms(
            category=terms.category,
            stickiness=lifted.stickiness,
            reasoning=terms.reasoning,
            research=terms.research,
            complexity_factor=terms.complexity_factor,
            tier_weight=terms.tier_weight,
            speed=terms.speed,
            learned=lifted.learned,
        )

    def evidence(self, place: int) -> Evidence | None:
        """What the learned term of the model at a place rests on. None: nothing was learned of any model."""
        model = self.ranking.keys[place][2]
        return self._lessons.evidence(self._heard, model) if self._success else None

    def places(self, enough: int | None) -> Iterator[int]:
        """Best first: all of them, or at least `enough` if there are so many."""
        parts = self._parts()
        kept_back = self._own & parts[0] if self._keeps else 0
        yield from members(kept_back)
        for left in parts:
            yield from self._part(left, kept_back, enough)

    def _parts(self) -> tuple[int, ...]:
        """Sets of places, each wholly before the next: what a variant puts first, and the rest."""
        if self.constraints.leads is None:
            return (self._left,)
        leading = self._left & self.ranking.leading(self.constraints.leads)
        return (leading, self._left & ~leading) if leading else (self._left,)

    def _part(self, left: int, kept_back: int, enough: int | None) -> Iterator[int]:
        if self._policy is not None:
            left &= ~kept_back
            order = self._costs.fitting(
                place for place in self.ranking.in_policy(self._policy, self.task.complexity) if left >> place & 1
            )
            yield from self._drawn(order)
            return
        for group, is_near in self._groups(left):
            yield from self._in_order(group & ~kept_back, is_near, enough)

    def _drawn(self, order: Iterator[int]) -> Iterator[int]:
        """A policy's order, as far as staff allow by what the caller prefers."""
        wish = self._wish() if self._max_places else None
        return order if wish is None else drawn(list(order), wish, self._max_places)

    def _wish(self) -> Measure | None:
        """What is preferred first, then by the priority's measure; None where nothing is asked for."""
        constraints, ranking = self.constraints, self.ranking
        preferred = ranking.named(constraints.preferred_providers, constraints.preferred_models)
        measures: dict[str, Callable[[], Measure]] = {
            "cost": lambda: self._costs.at,
            "speed": lambda: ranking.by_speed.levels.__getitem__,
            "quality": lambda: ranking.by_quality.levels.__getitem__,
            "privacy": lambda: lambda place: not ranking.local >> place & 1,
        }
        if constraints.priority not in measures:
            return (lambda place: not preferred >> place & 1) if preferred else None
        measure = measures[constraints.priority]()
        return lambda place: (not preferred >> place & 1, measure(place))

    def _groups(self, left: int) -> Iterator[tuple[int, bool]]:
        """The same of one part, and whether the priority's measure orders it."""
        constraints, ranking = self.constraints, self.ranking
        prefers = bool(constraints.preferred_providers or constraints.preferred_models)
        groups = [(left, False)]
        if prefers or constraints.priority in MEASURED:
            near = self._near(left)
            groups = [(near, True), (left & ~near, False)]
            if prefers:
                preferred = near & ranking.named(constraints.preferred_providers, constraints.preferred_models)
                groups = [(preferred, True), (near & ~preferred, True), groups[1]]
        if constraints.priority == "privacy":
            yield from ((group & ranking.local, is_near) for group, is_near in groups)
            yield from ((group & ~ranking.local, is_near) for group, is_near in groups)
        else:
            yield from groups

    def _near(self, left: int) -> int:
        """The places of a part within PRIORITY_MARGIN of its best score."""
        apart = left & self._apart
        best = next(self._costs.fitting(members(left & ~apart)), None)
        lifted = {place: self._lifted[place].key[0].copy_negate() for place in members(apart)}
        scores = [*lifted.values()] + ([] if best is None else [self.ranking.ranked[best].score])
        if not scores:
            return 0
        floor = max(scores) - PRIORITY_MARGIN * abs(max(scores))
        near = left & self.ranking.scoring(floor) & ~apart
        return near | set_of(place for place, score in lifted.items() if score >= floor)

    def _in_order(self, places: int, is_near: bool, enough: int | None) -> Iterator[int]:
        """One group by its measure, then by score; whoever is lifted where that puts him."""
        apart = places & self._apart
        found, measure = self._measured(places ^ apart, is_near, enough)
        if apart:
            lifted = [((measure(place), self._lifted[place].key), place) for place in members(apart)]
            found = _merged(found, lifted, lambda place: (measure(place), self.ranking.keys[place]))
        return self._costs.fitting(found)

    def _measured(self, places: int, is_near: bool, enough: int | None) -> tuple[Iterable[int], Measure]:
        """The places in order, and what they are ordered by before they are ordered by score."""
        priority = self.constraints.priority if is_near else "balanced"
        if priority == "cost":
            return self._costs.lowest(places, enough), self._costs.at
        if priority in ("quality", "speed"):
            order = self.ranking.by_quality if priority == "quality" else self.ranking.by_speed
            return order.among(places), order.levels.__getitem__
        return members(places), lambda _: 0


def _lifted(ranking: Ranking, place: int, stickiness: Decimal, learned: Decimal) -> Lifted:
    """The model of a place with its bonus, or with points that were learned. The score is Terms.score, without their making."""
    terms, (_, mean, model) = ranking.ranked[place].terms, ranking.keys[place]
    base = terms.category + learned + stickiness + terms.reasoning + terms.research
    score = base * terms.complexity_factor * terms.tier_weight + terms.speed
    return Lifted((score.copy_negate(), mean, model), stickiness, learned)


def _merged(found: Iterable[int], others: list[tuple[Any, int]], key: Measure) -> Iterator[int]:
    """Places that are found in order by `key` and others that come with theirs, sorted only as far as they are asked for."""
    heapify(others)
    for place in found:
        while others and others[0][0] < key(place):
            yield heappop(others)[1]
        yield place
    while others:
        yield heappop(others)[1]


def _policy(router: RouterRelease, constraints: Constraints) -> Policy | None:
    if constraints.policy is None:
        return None
    if constraints.policy not in router.policies:
        raise UnknownPolicy(constraints.policy, router.policies)
    return router.policies[constraints.policy]


def _lower(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return one if other is None else other if one is None else min(one, other)


def _considered(ranking: Ranking, policy: Policy | None, task: Task, constraints: Constraints) -> int:
    """All models, or those of the policy, or the given ones; given both, those in both."""
    places = ranking.everybody
    if constraints.candidates is not None:
        for at, name in enumerate(constraints.candidates):
            if name not in ranking.places:
                raise UnknownModel(name, f"candidates[{at}]")
        places = set_of(ranking.places[name] for name in constraints.candidates)
    return places & set_of(ranking.in_policy(policy, task.complexity)) if policy else places


def _admitted(ranking: Ranking, task: Task, constraints: Constraints) -> int:
    """The places that nothing but the cost rules out."""
    left = ranking.passing(
        constraints.blocked_providers,
        constraints.blocked_models,
        constraints.allowed,
        constraints.priority == "privacy",
        constraints.allow_internal,
        constraints.allow_pro,
        constraints.regions,
    )
    left &= ranking.available(constraints.takes_unpriced)
    left &= ranking.fitting(task.input_tokens, task.needs)
    if constraints.key_models is not None:
        left &= set_of(ranking.places[name] for name in constraints.key_models if name in ranking.places)
    if constraints.max_tier is not None:
        left &= ranking.up_to(constraints.max_tier)
    if (limit := constraints.max_latency_ms) is not None:
        blocked, wants_privacy = constraints.blocked_providers, constraints.priority == "privacy"
        left &= ranking.timely(limit, blocked, wants_privacy, constraints.regions)
    return left
