"""Which share of new units B gets where allocation follows what was seen. Pure."""

from math import sqrt
from statistics import NormalDist

from experiments.ab.statistics.measures import GOALS
from experiments.ab.statistics.sequences import MIN_UNITS, ratio
from experiments.ab.types import Measure, Sums

FLOOR = 0.1


def share_b(measure: Measure, a: Sums, b: Sums, *, floor: float = FLOOR) -> float:
    """Thompson sampling in closed form: the probability that B is the better one (normal, after what was seen), never below
    `floor` nor above 1 - `floor`; one half until there are enough units, and where neither is plainly better (tokens)."""
    first, second = ratio(measure, a), ratio(measure, b)
    if first is None or second is None or min(first.units, second.units) < MIN_UNITS:
        return 0.5
    error = sqrt(first.variance + second.variance)
    if not GOALS[measure] or not error:
        return 0.5
    better = NormalDist().cdf(GOALS[measure] * (second.value - first.value) / error)
    return min(max(better, floor), 1 - floor)
