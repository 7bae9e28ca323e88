"""A ranking by several categories, each by its share: made in microseconds, since no two requests need have the same shares."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from autorouter.decision.bitsets import Lazily, Order, Reordering
from autorouter.decision.costs import Reordered
from autorouter.decision.places import Ranked, Ranking
from autorouter.types import Complexity, Leads, Policy


class Moved(Mapping[str, int]):
    """Places by model id, in another order."""

    def __init__(self, places: Mapping[str, int], order: Reordering) -> None:
        self._places = places
        self._order = order

    def __getitem__(self, model: str) -> int:
        return self._order.after(self._places[model])

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class SoftRanking(Ranking):
    """The same models by the mean of several categories: another order of places whose sets are ruled out as they are. What it
    tells of a model is made when it is first asked for."""

    def __init__(self, level: Ranking, order: Reordering, ranked: Callable[[Ranked], Ranked]) -> None:
        self._level = level
        self._order = order
        self.everybody = level.everybody
        # By a name of its own, since whoever refers to itself waits for the garbage collector when it is forgotten.
        made = Lazily(lambda place: ranked(level.ranked[order.before(place)]), len(order))
        self.ranked, self.keys = made, Lazily(lambda place: made[place].key, len(order))
        self.rates = Reordered(level.rates, order)
        self.moved = order.moved  # type: ignore[method-assign]  # a call less
        self.places = Moved(level.places, order)
        self.named = lambda providers, models: order.moved(level.named(providers, models))
        self._lessons = {}
        self._falling = Lazily(lambda place: made[place].score.copy_negate(), len(order))
        self._policies = {}

    @property
    def sets(self) -> Ranking:
        return self._level

    @cached_property
    def local(self) -> int:
        return self.moved(self._level.local)

    def leading(self, leads: Leads) -> int:
        return self.moved(self._level.leading(leads))

    def in_policy(self, policy: Policy, complexity: Complexity) -> tuple[int, ...]:
        if policy.name not in self._policies:
            self._policies[policy.name] = tuple(map(self._order.after, self._level.in_policy(policy, complexity)))
        return self._policies[policy.name]

    @cached_property
    def by_quality(self) -> Order:
        return Order(self._order.listed(self._level.by_quality.levels))

    @cached_property
    def by_speed(self) -> Order:
        return Order(self._order.listed(self._level.by_speed.levels))
