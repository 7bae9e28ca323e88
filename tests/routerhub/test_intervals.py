"""Intervals, against figures that were published or worked out by hand."""

from math import inf, sqrt

import pytest

from routerhub import intervals


def test_a_share_has_wilsons_interval() -> None:
    assert intervals.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert intervals.wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert (intervals.wilson(20, 20)[1], intervals.wilson(0, 0)) == (1.0, (0.0, 1.0))


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ((56, 70), (48, 80), (0.2, 0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.6, 0.1705, 0.8090)),
        ((10, 10), (0, 20), (1.0, 0.6791, 1.0)),
        ((0, 10), (0, 20), (0.0, -0.1611, 0.2775)),
    ],
)
def test_a_difference_of_shares_has_newcombes_interval(
    one: tuple[int, int], other: tuple[int, int], found: tuple[float, float, float]
) -> None:
    assert intervals.newcombe(one, other) == pytest.approx(found, abs=1e-4)


def test_a_mean_has_its_interval() -> None:
    # 0, 0, 1, 1: mean 0.5, variance 1/3, standard error sqrt(1/12)
    mean, low, high = intervals.mean([0, 0, 1, 1])
    assert mean == 0.5
    assert [low, high] == pytest.approx([0.5 - 1.96 * sqrt(1 / 12), 0.5 + 1.96 * sqrt(1 / 12)])
    assert intervals.mean([0.25]) == (0.25, 0.25, 0.25)
    assert intervals.mean([]) == (0.0, 0.0, 0.0)


def test_a_ratio_of_sums_has_its_error_between_days() -> None:
    # 30 of 6 is 5; what is left by day: 9 - 10, 21 - 20: -1 and 1; sqrt(2 * 2 / 1) / 6
    assert intervals.ratio([9, 21], [2, 4]) == pytest.approx((5.0, 1 / 3))
    assert intervals.ratio([10, 20], [2, 4]) == (5.0, 0.0)
    assert intervals.ratio([10], [2]) == (5.0, inf)


def test_few_days_and_many_comparisons_widen() -> None:
    assert intervals.z_of(1) == pytest.approx(1.96, abs=1e-4)
    assert intervals.z_of(20) == pytest.approx(3.0233, abs=1e-4)
    # Quantiles of Student's t at 97.5 %, from any table of it.
    for freedom, quantile in ((5, 2.571), (10, 2.228), (30, 2.042)):
        assert intervals.student(1.959964, freedom) == pytest.approx(quantile, rel=0.005)
