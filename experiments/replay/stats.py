"""Small statistics, exact and pure."""

from collections.abc import Sequence

from experiments.types import Estimate
from routerhub import intervals


def change(before: Sequence[float], after: Sequence[float]) -> Estimate:
    """The mean change of paired figures with its 95 % interval (normal approximation of the mean of the differences)."""
    differences = [later - earlier for earlier, later in zip(before, after, strict=True)]
    mean, low, high = intervals.mean(differences)
    total = sum(before)
    return Estimate(mean=mean, low=low, high=high, relative=sum(differences) / total if total else None)
