"""Means and intervals, against figures worked out by hand."""

from math import sqrt

import pytest

from experiments.replay import stats
from experiments.types import Estimate


def test_the_change_of_pairs_is_the_mean_of_their_differences_with_its_interval() -> None:
    # differences 1, 2, 3: mean 2, variance 1, standard error sqrt(1/3); total before 60, change 6
    found = stats.change([10, 20, 30], [11, 22, 33])
    assert (found.mean, found.relative) == (2.0, 0.1)
    assert found.low == pytest.approx(2 - 1.96 * sqrt(1 / 3), abs=1e-12)
    assert found.high == pytest.approx(3.131606527612718, abs=1e-9)


def test_a_fall_is_below_zero() -> None:
    found = stats.change([4, 4], [1, 3])
    # differences -3, -1: mean -2, variance 2, standard error 1
    assert (found.mean, found.relative) == (-2.0, -0.5)
    assert [found.low, found.high] == pytest.approx([-3.96, -0.04])


def test_equal_changes_have_no_width() -> None:
    assert stats.change([1, 2, 3], [2, 3, 4]) == Estimate(mean=1.0, low=1.0, high=1.0, relative=0.5)


def test_one_pair_is_told_without_width_and_none_as_nothing() -> None:
    assert stats.change([2], [3]) == Estimate(mean=1.0, low=1.0, high=1.0, relative=0.5)
    assert stats.change([], []) == Estimate(mean=0.0, low=0.0, high=0.0, relative=None)


def test_of_nothing_no_share_is_told() -> None:
    assert stats.change([0, 0], [1, 3]).relative is None


def test_what_is_not_paired_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        stats.change([1, 2], [1])
