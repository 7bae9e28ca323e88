"""The plain specification of soft scoring: docs/router.md, "Soft scoring"."""

from decimal import Decimal
from fractions import Fraction
from math import floor

from autorouter.types import Category, Profile, RouterRelease, Task, Weighted
from models_registry.types import Model


def score_of(profile: Profile | None, category: Category) -> Decimal:
    score = profile.categories.get(category) if profile else None
    return score.value if score else Decimal(70)


def weighted(model: Model, router: RouterRelease, task: Task) -> Weighted:
    """What the category term is the mean of: with soft scoring, where more than one category has a share."""
    if not router.config.soft_scoring or len(task.likely) < 2:
        return ()
    whole = to_hundred([int(share * 100) for _, share in task.likely])
    profile = router.profiles.get(model.id)
    found = [
        (category, Decimal(each) / 100, score_of(profile, category))
        for (category, _), each in zip(task.likely, whole, strict=True)
        if each
    ]
    return tuple(found) if len(found) > 1 else ()


def to_hundred(parts: list[int]) -> list[int]:
    """Hare's quotas: each its part of 100 rounded down, and one more for the largest remainders, the earlier first."""
    quotas = [Fraction(100 * each, sum(parts)) for each in parts]
    given = [floor(each) for each in quotas]
    while sum(given) < 100:
        at = max(range(len(parts)), key=lambda one: (quotas[one] - given[one], -one))
        given[at] += 1
    return given
