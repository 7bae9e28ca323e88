"""The rating of every model for a kind of task, remembered while release and prices stay the same.

Scores depend on the task's category and complexity alone, but for the one model that the conversation had before. As in
autorouter.decision.standings the memory is keyed by the values themselves, so the result is that of the pure function, always.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from autorouter.decision.candidates import Standing
from autorouter.decision.scoring import cost_tier, quality_of, terms
from autorouter.types import CATEGORIES, COMPLEXITIES, CostTier, RouterRelease, Task, Terms

MAX_REMEMBERED = 4 * len(CATEGORIES) * len(COMPLEXITIES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rating:
    """What a model's score is made of, for one kind of task."""

    tier: CostTier
    terms: Terms
    score: Decimal
    quality: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """Ratings, with what they came from, which is held on to so that its identity stays its own."""

    router: RouterRelease
    standings: Mapping[str, Standing]
    ratings: Mapping[str, Rating]


_memory: dict[object, Remembered] = {}


def rate(standing: Standing, router: RouterRelease, task: Task, previous_model: str | None) -> Rating:
    """The rating of one model. Only for a priced one: the tier is that of its price."""
    profile = router.profiles.get(standing.model.id)
    tier = cost_tier(standing.mean_price, router.config)
    parts = terms(standing.model, profile, tier, task, previous_model, router.config)
    return Rating(tier=tier, terms=parts, score=parts.score, quality=quality_of(profile))


def ratings_of(router: RouterRelease, standings: Mapping[str, Standing], task: Task) -> Mapping[str, Rating]:
    """Every model's rating for tasks of this kind that follow no other model's answer, by id."""
    key = (id(router), id(standings), task.category, task.complexity)
    found = _memory.get(key)
    if found is None or found.router is not router or found.standings is not standings:
        ratings = {name: rate(standing, router, task, None) for name, standing in standings.items()}
        found = Remembered(router=router, standings=standings, ratings=ratings)
        if len(_memory) >= MAX_REMEMBERED:
            _memory.clear()
        _memory[key] = found
    return found.ratings
