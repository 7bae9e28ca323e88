"""How many units a test needs, before it starts. Pure."""

from dataclasses import dataclass
from math import ceil
from statistics import NormalDist

from experiments.ab.statistics.measures import POINTS
from experiments.ab.statistics.sequences import ALPHA, boundary, ratio
from experiments.ab.types import Measure, Sums

POWER = 0.8


@dataclass(frozen=True, kw_only=True, slots=True)
class Needed:
    """Units of both arms together."""

    fixed: int
    """Looked at once, at the end."""
    watched: int
    """Looked at all the time: at most so many."""
    tuned_for: float
    """Requests that so many watched units make: what `sequences.compared` is told."""

    @property
    def factor(self) -> float:
        return self.watched / self.fixed

    def days(self, units_a_day: float) -> float:
        """Until there are as many as a watched test needs at most."""
        return self.watched / units_a_day


def units_needed(
    measure: Measure, pilot: Sums, effect: float, *, share_b: float = 0.5, alpha: float = ALPHA, power: float = POWER
) -> Needed | None:
    """With how many units a true `effect` is shown with probability `power`. `pilot`: the sums of units without a test.
    `effect`: a share of the pilot's ratio (.1: ten percent); for success, fallback and satisfaction, points (.02: two). None: the
    pilot does not tell, or no effect is asked for."""
    found = ratio(measure, pilot)
    wanted = effect * (found.value if found and measure not in POINTS else 1)
    if found is None or not found.variance or not wanted:
        return None
    one = found.variance * pilot.units / (share_b * (1 - share_b)) / wanted**2
    fixed = ceil(one * (NormalDist().inv_cdf(1 - alpha / 2) + NormalDist().inv_cdf(power)) ** 2)
    watched = ceil(one * (boundary(1, alpha) + NormalDist().inv_cdf(power)) ** 2)
    return Needed(fixed=fixed, watched=watched, tuned_for=watched * pilot.w / pilot.units)
