"""The time from which on the slowest 5 % are, with an interval that holds at every look. Pure.

Three readings give it: each arm's quantile; of each unit, how many of its requests took at most as long (`Sums`: y of w); then
each arm's quantiles at the two `levels` (PostgreSQL's `percentile_disc`). See docs/experiments.md, "How it is counted".
"""

from dataclasses import dataclass, replace
from math import expm1, hypot, log, sqrt

from experiments.ab.statistics.measures import says
from experiments.ab.statistics.sequences import ALPHA, TUNED_FOR, Ratio, multiplier, ratio, swapped
from experiments.ab.types import Compared, Interval, Sums

SHARE = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class Levels:
    """At which shares of an arm's requests the limits of its quantile are read. None: not bounded yet."""

    low: float | None
    high: float | None


def levels(a: Sums, b: Sums, alpha: float = ALPHA, *, tuned_for: float = TUNED_FOR) -> tuple[Levels, Levels]:
    """Of each arm. Whatever time the true quantile is, 95 % of requests take at most as long: it is out only where the share
    that was seen at it is too far from that."""
    first, second = _share(a), _share(b)
    width = None
    if first and second:
        other_b, other_a = swapped(first, second)
        first, second = _less_sure(first, other_a), _less_sure(second, other_b)
        width = multiplier(first, second, a.w + b.w, alpha, tuned_for)
    return _levels(first, width), _levels(second, width)


def compared(a: Interval | None, b: Interval | None) -> Compared:
    """Both arms' quantiles, each with what was read at its levels. The limits of the difference and of the ratio are made of
    those of each (Zou and Donner, doi:10.1002/sim.3095)."""
    known_a, known_b = (arm.estimate if arm else None for arm in (a, b))
    if a is None or b is None:
        return Compared(measure="latency_p95", a=known_a, b=known_b, difference=None, relative=None, says="open")
    difference = _minus(b, a)
    return Compared(
        measure="latency_p95", a=known_a, b=known_b, difference=difference, relative=_relative(a, b),
        says=says("latency_p95", difference.low, difference.high),
    )  # fmt: skip


def _share(sums: Sums) -> Ratio | None:
    found = ratio("latency_p95", sums)
    return found and replace(found, variance=max(found.variance, SHARE * (1 - SHARE) / sums.w))


def _less_sure(arm: Ratio, other: Ratio) -> Ratio:
    return replace(arm, variance=max(arm.variance, other.variance))


def _levels(arm: Ratio | None, width: float | None) -> Levels:
    if arm is None or width is None:
        return Levels(low=None, high=None)
    half = width * sqrt(arm.variance)
    return Levels(low=SHARE - half if half < SHARE else None, high=SHARE + half if half < 1 - SHARE else None)


def _relative(a: Interval, b: Interval) -> Interval | None:
    if min(each for arm in (a, b) for each in (arm.estimate, arm.low, arm.high) if each is not None) <= 0:
        return None
    factor = _minus(_log(b), _log(a))
    return Interval(estimate=expm1(factor.estimate), low=_less_one(factor.low), high=_less_one(factor.high))


def _minus(b: Interval, a: Interval) -> Interval:
    estimate = b.estimate - a.estimate
    low = None if b.low is None or a.high is None else estimate - hypot(b.estimate - b.low, a.high - a.estimate)
    high = None if b.high is None or a.low is None else estimate + hypot(b.high - b.estimate, a.estimate - a.low)
    return Interval(estimate=estimate, low=low, high=high)


def _log(interval: Interval) -> Interval:
    low, high = (None if limit is None else log(limit) for limit in (interval.low, interval.high))
    return Interval(estimate=log(interval.estimate), low=low, high=high)


def _less_one(factor: float | None) -> float | None:
    return None if factor is None else expm1(factor)
