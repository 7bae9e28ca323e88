"""Intervals of the difference of two arms that hold at every look, in closed form. Pure.

Asymptotic confidence sequences (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas: Time-uniform central limit theory,
arXiv:2103.06476) of ratios of sums over units: a ratio is linearised (delta method), and its variance is that of the units'
residuals, since one unit's requests are alike. docs/experiments.md, "How it is counted", has the formulas and what was measured.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import log, sqrt

from experiments.ab.statistics.measures import POINTS, SHARES, says
from experiments.ab.types import Compared, Interval, Measure, Sums
from routerhub.intervals import student

ALPHA = 0.05
TUNED_FOR = 2_000
"""With how many requests of both arms together intervals are narrowest, unless a test says otherwise when it starts."""
MIN_UNITS = 10
"""Of each arm, weighted by their requests, before anything is said."""


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
        known_a, known_b = (arm.value if arm else None for arm in (first, second))
        return Compared(measure=measure, a=known_a, b=known_b, difference=None, relative=None, says="open")
    counted = a.w + b.w
    pairs = [(pair, multiplier(*pair, counted, alpha, tuned_for)) for pair in ((first, second), swapped(first, second))]
    difference = _wider([_difference(*pair, width) for pair, width in pairs])
    relative = _wider([_relative(*pair, width) for pair, width in pairs]) if first.value > 0 else None
    if relative and measure not in POINTS:
        difference = _wider([difference, *_at_either_level(first.value, second.value, relative)])
    return Compared(
        measure=measure, a=first.value, b=second.value, difference=difference, relative=relative,
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
    """How many standard errors an interval reaches to each side after so many requests, with few units more. None: too few."""
    if min(a.units, b.units) < MIN_UNITS:
        return None
    return student(boundary(counted / tuned_for, alpha), _freedom(a, b))


def boundary(clock: float, alpha: float) -> float:
    """Of very many units: standard errors to each side. `clock`: requests until now by those for which it is tuned."""
    clock *= log(1 - 2 * log(alpha)) - 2 * log(alpha)
    return sqrt((1 + 1 / clock) * log((1 + clock) / alpha**2))


def _freedom(a: Ratio, b: Ratio) -> float:
    """Welch's and Satterthwaite's degrees of freedom."""
    if not a.variance + b.variance:
        return min(a.units, b.units) - 1
    return (a.variance + b.variance) ** 2 / (a.variance**2 / (a.units - 1) + b.variance**2 / (b.units - 1))


def swapped(a: Ratio, b: Ratio) -> tuple[Ratio, Ratio]:
    """With each arm's variance as if it had the other's units. An arm of few units that had none of the heavy ones yet seems
    sure; so it is asked, too, how sure as many of the other arm's units would be."""
    return replace(a, variance=a.variance * a.units / b.units), replace(b, variance=b.variance * b.units / a.units)


def _difference(a: Ratio, b: Ratio, width: float | None) -> Interval:
    estimate = b.value - a.value
    if width is None:
        return Interval(estimate=estimate, low=None, high=None)
    half = width * sqrt(a.variance + b.variance)
    return Interval(estimate=estimate, low=estimate - half, high=estimate + half)


def _relative(a: Ratio, b: Ratio, width: float | None) -> Interval:
    """B by A less one, after Fieller: by which factors A may be multiplied so that no difference is shown. There is no highest
    one where A itself may be zero, and no lowest one where B may."""
    estimate = b.value / a.value - 1
    if width is None:
        return Interval(estimate=estimate, low=None, high=None)
    sure_a, sure_b = (arm.value**2 - width**2 * arm.variance for arm in (a, b))
    half = width * sqrt(max(0.0, b.value**2 * a.variance + sure_a * b.variance))
    low = sure_b / (a.value * b.value + half) if sure_b > 0 else 0.0
    high = (a.value * b.value + half) / sure_a if sure_a > 0 else None
    return Interval(estimate=estimate, low=low - 1, high=None if high is None else high - 1)


def _at_either_level(a: float, b: float, relative: Interval) -> Iterator[Interval]:
    """The difference that the relative limits are at A's level, and at B's. Of what has a long tail both levels, and their
    variances, seem lower than they are until its heaviest have been seen, but both arms' alike."""
    low, high = relative.low, relative.high
    yield Interval(estimate=b - a, low=low and a * low, high=high and a * high)
    if b > 0:
        yield Interval(
            estimate=b - a,
            low=None if low is None or low <= -1 else b * low / (1 + low),
            high=None if high is None else b * high / (1 + high),
        )


def _wider(intervals: Sequence[Interval]) -> Interval:
    """From the lowest low to the highest high; none where one has none."""
    lows, highs = [each.low for each in intervals], [each.high for each in intervals]
    return Interval(
        estimate=intervals[0].estimate,
        low=None if None in lows else min(low for low in lows if low is not None),
        high=None if None in highs else max(high for high in highs if high is not None),
    )
