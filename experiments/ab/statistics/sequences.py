"""Intervals of the difference of two arms that hold at every look, in closed form. Pure.

Asymptotic confidence sequences (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas: Time-uniform central limit theory,
arXiv:2103.06476) of ratios of sums over units: a ratio is linearised (delta method), and its variance is that of the units'
residuals, since one unit's requests are alike. docs/experiments.md, "How it is counted", has the formulas and what was measured.
"""

from dataclasses import dataclass, replace
from math import expm1, log, sqrt

from experiments.ab.statistics.measures import SHARES, says
from experiments.ab.types import Compared, Interval, Measure, Sums

ALPHA = 0.05
TUNED_FOR = 2_000
"""With how many requests of both arms together intervals are narrowest, unless a test says otherwise when it starts."""
MIN_UNITS = 10
"""Of each arm, weighted by their requests, before anything is said."""
MAX_EXPONENT = 50.0
"""Of so wide an interval nothing is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratio:
    """One arm's sum of y by that of w, and its variance."""

    value: float
    variance: float
    units: float
    """As many as count: where one unit has most of the requests, they are few."""


def compared(measure: Measure, a: Sums, b: Sums, alpha: float = ALPHA, *, tuned_for: float = TUNED_FOR) -> Compared:
    """Both arms and their difference. `alpha`: with what probability the truth is ever outside. `tuned_for`: requests of both
    arms together; it may not change while a test runs."""
    first, second = ratio(measure, a), ratio(measure, b)
    if first is None or second is None:
        means = (first and first.value, second and second.value)
        return Compared(measure=measure, a=means[0], b=means[1], difference=None, relative=None, says="open")
    first, second = guarded(first, second)
    width = multiplier(first, second, a.w + b.w, alpha, tuned_for)
    difference = _difference(first, second, width)
    return Compared(
        measure=measure, a=first.value, b=second.value, difference=difference, relative=_relative(first, second, width),
        says=says(measure, difference.low, difference.high),
    )  # fmt: skip


def ratio(measure: Measure, sums: Sums) -> Ratio | None:
    """One arm's figure. A share's variance is at least that of independent requests of which two more succeeded and two more
    failed (Agresti and Coull, doi:10.1080/00031305.1998.10480550), so that it is not zero where nothing has failed yet."""
    if not sums.w:
        return None
    value = sums.y / sums.w
    units = sums.w**2 / sums.ww
    variance = max(0.0, sums.yy - 2 * value * sums.yw + value**2 * sums.ww) / sums.w**2
    variance *= units / (units - 1) if units > 1 else 1
    if measure in SHARES:
        share = (sums.y + 2) / (sums.w + 4)
        variance = max(variance, share * (1 - share) / sums.w)
    return Ratio(value=value, variance=variance, units=units)


def multiplier(a: Ratio, b: Ratio, counted: float, alpha: float, tuned_for: float) -> float | None:
    """How many standard errors an interval reaches to each side after so many requests: for few units as much more as Student's t
    is wider than the normal distribution (after Wallace, Annals of Mathematical Statistics 30, 1959). None: too few units."""
    if min(a.units, b.units) < MIN_UNITS:
        return None
    squared = boundary(counted / tuned_for, alpha) ** 2
    freedom = _freedom(a, b)
    exponent = squared * ((8 * freedom + 3) / (8 * freedom + 1)) ** 2 / freedom
    return sqrt(freedom * expm1(exponent)) if exponent < MAX_EXPONENT else None


def boundary(clock: float, alpha: float) -> float:
    """Of very many units: standard errors to each side. `clock`: requests until now by those for which it is tuned."""
    clock *= log(1 - 2 * log(alpha)) - 2 * log(alpha)
    return sqrt((1 + 1 / clock) * log((1 + clock) / alpha**2))


def _freedom(a: Ratio, b: Ratio) -> float:
    """Welch's and Satterthwaite's degrees of freedom."""
    if not a.variance + b.variance:
        return min(a.units, b.units) - 1
    return (a.variance + b.variance) ** 2 / (a.variance**2 / (a.units - 1) + b.variance**2 / (b.units - 1))


def guarded(a: Ratio, b: Ratio) -> tuple[Ratio, Ratio]:
    """With the variances of one unit of both arms together where that is more: a small arm that had none of the heavy units yet
    would seem sure."""
    unit = (a.units**2 * a.variance + b.units**2 * b.variance) / (a.units + b.units)
    if unit / a.units + unit / b.units <= a.variance + b.variance:
        return a, b
    return replace(a, variance=unit / a.units), replace(b, variance=unit / b.units)


def _difference(a: Ratio, b: Ratio, width: float | None) -> Interval:
    estimate = b.value - a.value
    if width is None:
        return Interval(estimate=estimate, low=None, high=None)
    half = width * sqrt(a.variance + b.variance)
    return Interval(estimate=estimate, low=estimate - half, high=estimate + half)


def _relative(a: Ratio, b: Ratio, width: float | None) -> Interval | None:
    """B by A less one, after Fieller: the factors by which A may be multiplied so that no difference is shown. Not bounded where
    A itself may be zero."""
    if a.value <= 0:
        return None
    estimate = b.value / a.value - 1
    if width is None or a.value**2 <= width**2 * a.variance:
        return Interval(estimate=estimate, low=None, high=None)
    sure = a.value**2 - width**2 * a.variance
    half = width * sqrt(b.value**2 * a.variance + b.variance * sure)
    middle = a.value * b.value
    return Interval(estimate=estimate, low=max(0.0, (middle - half) / sure) - 1, high=(middle + half) / sure - 1)
