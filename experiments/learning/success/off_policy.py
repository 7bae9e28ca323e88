"""What answers would be worth if somebody else chose the models, from choices whose probability was recorded. Pure.

Self-normalised inverse propensity (Swaminathan and Joachims 2015): only requests count for which the other router would have
chosen the model that answered, each by 1 / the probability of its variant. Nothing is modelled, so nothing is assumed of
requests whose choice had no probability: they are left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

from routerhub.intervals import Z

MIN_EFFECTIVE = 30
"""Fewer effective requests are no evidence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Logged:
    """One judged request of a test."""

    unit: str
    """Whose requests have one variant, so that they are no independent ones."""
    propensity: float
    score: float
    is_same: bool
    """Whether the router in question would have chosen the model that answered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """The mean score, with its 95 % interval, and of how many requests it tells as much."""

    requests: int
    effective: float
    mean: float
    low: float
    high: float


def value(logged: Iterable[Logged]) -> Value | None:
    """None where too few requests speak of it."""
    same = [each for each in logged if each.is_same and each.propensity > 0]
    weights = [1 / each.propensity for each in same]
    total = sum(weights)
    effective = total**2 / sum(weight**2 for weight in weights) if same else 0.0
    if effective < MIN_EFFECTIVE:
        return None
    mean = sum(weight * each.score for weight, each in zip(weights, same, strict=True)) / total
    by_unit: dict[str, float] = {}
    for weight, each in zip(weights, same, strict=True):
        by_unit[each.unit] = by_unit.get(each.unit, 0.0) + weight * (each.score - mean)
    half = Z * sqrt(sum(rest**2 for rest in by_unit.values())) / total
    return Value(
        requests=len(same), effective=effective, mean=mean, low=max(0.0, mean - half), high=min(1.0, mean + half)
    )
