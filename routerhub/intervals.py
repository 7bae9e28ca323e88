"""Intervals of shares and means. Pure. `z` is how many standard deviations of the normal distribution an interval spans to either
side; what is returned is (low, high), or (estimate, low, high)."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist

Z = 1.96
"""Of a 95 % interval."""


def z_of(comparisons: int, error: float = 0.05) -> float:
    """Of intervals that all hold together in 95 % of cases, so many as there are (Bonferroni)."""
    return NormalDist().inv_cdf(1 - error / (2 * max(1, comparisons)))


def wilson(successes: int, n: int, z: float = Z) -> tuple[float, float]:
    """Of a share. Source: Wilson (1927), score interval of a binomial proportion."""
    if n == 0:
        return 0.0, 1.0
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # Of none and of all the bound is exact; the subtraction may leave a hair there.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    return low, 1.0 if successes == n else min(1.0, centre + half)


def newcombe(one: tuple[int, int], other: tuple[int, int], z: float = Z) -> tuple[float, float, float]:
    """Of the difference of two shares, each given as (successes, n), made of the Wilson intervals of both.

    Source: Newcombe (1998), Statistics in Medicine 17, method 10."""
    (p, (p_low, p_high)), (q, (q_low, q_high)) = ((s / n if n else 0.0, wilson(s, n, z)) for s, n in (one, other))
    low = p - q - sqrt((p - p_low) ** 2 + (q_high - q) ** 2)
    return p - q, max(-1.0, low), min(1.0, p - q + sqrt((p_high - p) ** 2 + (q - q_low) ** 2))


def mean(values: Sequence[float], z: float = Z) -> tuple[float, float, float]:
    """Of a mean, by the normal approximation."""
    n = len(values)
    if n == 0:
        return 0.0, 0.0, 0.0
    found = sum(values) / n
    variance = sum((each - found) ** 2 for each in values) / (n - 1) if n > 1 else 0.0
    half = z * sqrt(variance / n)
    return found, found - half, found + half


def ratio(totals: Sequence[float], counts: Sequence[float]) -> tuple[float, float]:
    """A sum divided by how many it is of, both told day by day (or in other clusters), with its standard error between days.

    Source: Cochran (1977), Sampling Techniques, 6.3: the linearised variance of a ratio. Raises ZeroDivisionError where nothing
    was counted."""
    n, found = len(totals), sum(totals) / sum(counts)
    rest = sum((total - found * count) ** 2 for total, count in zip(totals, counts, strict=True))
    return found, sqrt(n * rest / (n - 1)) / sum(counts) if n > 1 else float("inf")


def student(z: float, freedom: float) -> float:
    """What takes the place of `z` where the spread itself was estimated from few values.

    Source: Abramowitz and Stegun 26.7.5; off by less than 0.5 % from five degrees of freedom on."""
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
