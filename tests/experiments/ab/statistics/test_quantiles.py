"""From where on the slowest 5 % are, in two arms."""

from dataclasses import astuple
from math import hypot, log, sqrt

import pytest

from experiments.ab.statistics.quantiles import Levels, compared, levels
from experiments.ab.statistics.sequences import boundary
from experiments.ab.types import Interval, Sums
from routerhub.intervals import student
from tests.bench import experiments as bench
from tests.experiments.ab.statistics.figures import sums


def test_limits_are_read_where_the_share_would_be_too_far_off() -> None:
    # 2,000 units of one request in each arm, of which 95 % took at most as long as the quantile
    arm = sums([(1.0, 1.0)] * 1_900 + [(0.0, 1.0)] * 100)
    half = student(boundary(2, 0.05), 3_998) * sqrt(0.95 * 0.05 / 1_999)
    first, second = levels(arm, arm)
    assert first == second
    assert astuple(first) == pytest.approx((0.95 - half, 0.95 + half))


def test_of_few_requests_the_upper_limit_is_not_bounded() -> None:
    arm = sums([(1.0, 1.0)] * 57 + [(0.0, 1.0)] * 3)
    first, _ = levels(arm, arm)
    assert first.high is None
    assert first.low is not None
    assert first.low < 0.9
    assert levels(arm, Sums()) == (Levels(low=None, high=None),) * 2


def test_the_difference_is_made_of_the_limits_of_each() -> None:
    found = compared(Interval(estimate=1_000, low=900, high=1_200), Interval(estimate=2_000, low=1_700, high=2_300))
    assert found.difference is not None
    assert astuple(found.difference) == pytest.approx((1_000, 1_000 - hypot(300, 200), 1_000 + hypot(300, 100)))
    assert found.relative is not None
    assert found.relative.estimate == pytest.approx(1)
    assert log(1 + (found.relative.low or 0)) == pytest.approx(log(2) - sqrt(log(2_000 / 1_700) ** 2 + log(1.2) ** 2))
    assert (found.a, found.b, found.says) == (1_000, 2_000, "worse")


def test_a_limit_that_is_not_bounded_leaves_the_difference_so() -> None:
    found = compared(Interval(estimate=1_000, low=900, high=None), Interval(estimate=2_000, low=1_900, high=2_300))
    assert found.difference is not None
    assert (found.difference.low, found.says) == (None, "open")
    assert found.difference.high is not None
    assert compared(None, Interval(estimate=2_000, low=None, high=None)).says == "open"


def test_of_two_that_are_alike_no_difference_is_shown() -> None:
    assert sum(bench.wrong_quantile(bench.TIMES[0], seed) for seed in range(10)) == 0
