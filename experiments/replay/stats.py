"""Small statistics, exact and pure."""

from collections.abc import Sequence
from math import sqrt

from experiments.types import Estimate

Z = 1.96
"""Standard deviations of a 95 % interval."""


def change(before: Sequence[float], after: Sequence[float]) -> Estimate:
    """The mean change of paired figures with its 95 % interval (normal approximation of the mean of the differences)."""
    differences = [later - earlier for earlier, later in zip(before, after, strict=True)]
    n = len(differences)
    if n == 0:
        return Estimate(mean=0.0, low=0.0, high=0.0, relative=None)
    mean = sum(differences) / n
    variance = sum((each - mean) ** 2 for each in differences) / (n - 1) if n > 1 else 0.0
    half = Z * sqrt(variance / n)
    total = sum(before)
    return Estimate(mean=mean, low=mean - half, high=mean + half, relative=sum(differences) / total if total else None)


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean, and its 95 % interval by the normal approximation."""
    n = len(values)
    if n == 0:
        return 0.0, 0.0, 0.0
    mean = sum(values) / n
    variance = sum((each - mean) ** 2 for each in values) / (n - 1) if n > 1 else 0.0
    half = Z * sqrt(variance / n)
    return mean, mean - half, mean + half
