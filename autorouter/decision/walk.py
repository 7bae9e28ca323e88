"""The models that may answer a request, best first, found one by one. Pure.

They go by score; then by what is asked for on top: a policy's order, or among those near the best score the priority's
measure and what is preferred, or local ones first; and before all others the model that the session keeps.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from heapq import merge
from typing import Any

from autorouter.decision.costs import Costs
from autorouter.decision.bitsets import members
from autorouter.decision.ranking import Lifted, Ranked, Ranking
from autorouter.types import Constraints, Policy

PRIORITY_MARGIN = Decimal("0.2")
"""A priority other than balanced picks by its own measure among the candidates within this share of the best score."""
MEASURED = frozenset({"cost", "speed", "quality"})
Measure = Callable[[int], Any]
"""Of a place, the lower the better."""


class Walk:
    """One request's way through a ranking. `left` are the places that nothing but the cost rules out."""

    def __init__(self, ranking: Ranking, left: int, costs: Costs, constraints: Constraints) -> None:
        self.constraints = constraints
        self._ranking = ranking
        self._costs = costs
        self._left = costs.narrowed(left)
        self._previous = self._place_of_previous()
        self._own = 0 if self._previous is None else 1 << self._previous
        self._lifted = None if self._previous is None else ranking.lifted(self._previous)

    def _place_of_previous(self) -> int | None:
        """Of the conversation's previous model, where it may answer again."""
        place = self._ranking.places.get(self.constraints.previous_model or "")
        return place if place is not None and self._left >> place & 1 and self._costs.fits(place) else None

    def scored(self, place: int) -> Ranked | Lifted:
        """Score and terms of the model at a place: of the conversation's previous model with its bonus."""
        return self._lifted if self._lifted and place == self._previous else self._ranking.ranked[place]

    def places(self, policy: Policy | None, keeps: bool, enough: int | None) -> Iterator[int]:
        """Best first: all of them, or at least `enough` if there are so many."""
        kept = self._own if keeps else 0
        yield from members(kept)
        if policy is not None:
            left = self._left & ~kept
            yield from self._costs.fitting(place for place in self._ranking.in_policy(policy) if left >> place & 1)
            return
        for group, is_near in self._groups():
            yield from self._in_order(group & ~kept, is_near, enough)

    def _groups(self) -> Iterator[tuple[int, bool]]:
        """Sets of places, each wholly before the next, and whether the priority's measure orders it."""
        constraints, ranking = self.constraints, self._ranking
        prefers = bool(constraints.preferred_providers or constraints.preferred_models)
        groups = [(self._left, False)]
        if prefers or constraints.priority in MEASURED:
            near = self._near()
            groups = [(near, True), (self._left & ~near, False)]
            if prefers:
                preferred = near & ranking.named(constraints.preferred_providers, constraints.preferred_models)
                groups = [(preferred, True), (near & ~preferred, True), groups[1]]
        if constraints.priority == "privacy":
            yield from ((group & ranking.local, is_near) for group, is_near in groups)
            yield from ((group & ~ranking.local, is_near) for group, is_near in groups)
        else:
            yield from groups

    def _near(self) -> int:
        """The places within PRIORITY_MARGIN of the best score."""
        best = next(self._costs.fitting(members(self._left & ~self._own)), None)
        scores = [] if best is None else [self._ranking.ranked[best].score]
        scores += [self._lifted.score] if self._lifted else []
        if not scores:
            return 0
        floor = max(scores) - PRIORITY_MARGIN * abs(max(scores))
        near = self._left & self._ranking.scoring(floor) & ~self._own
        return near | self._own if self._lifted and self._lifted.score >= floor else near

    def _in_order(self, places: int, is_near: bool, enough: int | None) -> Iterator[int]:
        """One group by its measure, then by score; the previous model where its bonus puts it."""
        own = places & self._own
        found, measure = self._measured(places ^ own, is_near, enough)
        if own:
            found = merge(found, members(own), key=lambda place: (measure(place), self._stand(place)))
        return self._costs.fitting(found)

    def _measured(self, places: int, is_near: bool, enough: int | None) -> tuple[Iterable[int], Measure]:
        """The places in order, and what they are ordered by before they are ordered by score."""
        priority = self.constraints.priority if is_near else "balanced"
        if priority == "cost":
            return self._costs.lowest(places, enough), self._costs.at
        if priority in ("quality", "speed"):
            order = self._ranking.by_quality if priority == "quality" else self._ranking.by_speed
            return order.among(places), order.levels.__getitem__
        return members(places), lambda _: 0

    def _stand(self, place: int) -> float:
        """Where a place stands by score, the previous model's between two others."""
        return self._lifted.before - 0.5 if self._lifted and place == self._previous else place
