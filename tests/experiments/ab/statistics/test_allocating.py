"""The share of new units that B gets."""

import pytest

from experiments.ab.statistics.allocating import FLOOR, share_b
from experiments.ab.types import Sums
from tests.bench import experiments as bench
from tests.experiments.ab.statistics.figures import alternating, sums


def test_it_is_the_probability_that_b_is_better() -> None:
    # means 3.0 and 3.1, 101 units, standard error of each 0.1: one by the root of two of it
    a, b = alternating(2, 4, 100), alternating(2.1, 4.1, 100)
    assert share_b("satisfaction", a, b) == pytest.approx(0.7591, abs=0.001)
    assert share_b("cost", a, b) == pytest.approx(1 - 0.7591, abs=0.001)


def test_no_arm_gets_less_than_the_floor() -> None:
    worse, better = alternating(0, 1, 1_000), alternating(10, 11, 1_000)
    assert share_b("satisfaction", worse, better) == 1 - FLOOR
    assert share_b("satisfaction", better, worse) == FLOOR
    assert share_b("satisfaction", better, worse, floor=0.2) == 0.2


def test_of_few_units_or_where_none_is_better_each_gets_half() -> None:
    assert share_b("cost", Sums(), Sums()) == 0.5
    assert share_b("cost", alternating(1, 2, 5), alternating(3, 4, 500)) == 0.5
    assert share_b("tokens", alternating(1, 2, 500), alternating(3, 4, 500)) == 0.5


def test_a_share_without_failures_does_not_starve_the_other_at_once() -> None:
    assert FLOOR < share_b("success", alternating(1, 1, 20), sums([(1, 1)] * 19 + [(0, 1)])) < 0.5


def test_adaptive_tests_of_two_that_are_alike_show_no_difference_by_weighted_sums() -> None:
    assert sum(bench.wrong_adaptive(bench.ADAPTIVE[0], seed) for seed in range(20)) <= 1
