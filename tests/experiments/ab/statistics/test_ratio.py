"""Whether the arms got as many units as was configured."""

from fractions import Fraction

import pytest

from experiments.ab.statistics.ratio import ALARM_P, sample_ratio
from tests.bench import experiments as bench


@pytest.mark.parametrize("share_b", [0.05, 0.5, 0.95])
def test_numbers_as_configured_fit(share_b: float) -> None:
    for units in (1, 20, 1_000, 100_000):
        b = round(share_b * units)
        assert sample_ratio(units - b, b, share_b).p == 1


def test_p_is_one_by_the_likelihood_ratio_of_the_mixture() -> None:
    # 300 of A and 400 of B against 50.5 %, the best of those that are as good as one half; the mixture has Beta(100, 100)
    mixture = _ascending(100, 300) * _ascending(100, 400) / _ascending(200, 700)
    likeliest = Fraction(495, 1_000) ** 300 * Fraction(505, 1_000) ** 400
    assert sample_ratio(300, 400, 0.5).p == pytest.approx(float(likeliest / mixture))


def _ascending(start: int, steps: int) -> Fraction:
    factorial = Fraction(1)
    for step in range(steps):
        factorial *= start + step
    return factorial


def test_nine_in_ten_to_a_where_half_was_configured_does_not_fit() -> None:
    assert not sample_ratio(950, 50, 0.5).fits
    assert sample_ratio(950, 50, 0.05).fits
    assert not sample_ratio(500, 500, 0.05).fits


@pytest.mark.parametrize("off", [-2_000, 2_000])
@pytest.mark.parametrize("share_b", [0.05, 0.5])
def test_a_fifth_of_a_percent_is_no_matter_in_a_million(share_b: float, off: int) -> None:
    b = round(1_000_000 * share_b) + off
    assert sample_ratio(1_000_000 - b, b, share_b).fits


def test_an_arm_that_may_have_nothing_is_flagged_when_it_has_something() -> None:
    assert sample_ratio(1_000, 0, 0).p == 1
    assert not sample_ratio(1_000, 1, 0).fits
    assert not sample_ratio(1, 1_000, 1).fits
    assert sample_ratio(0, 0, 0.5).p == 1


def test_the_least_p_of_all_looks_stays() -> None:
    earlier = sample_ratio(300, 400, 0.5).p
    assert sample_ratio(4_000, 4_000, 0.5, least_p=earlier).p == earlier < ALARM_P * 30


def test_numbers_drawn_as_configured_hardly_ever_alarm_and_wrong_ones_soon_do() -> None:
    assert sum(bench.alarm(0.05, 0.05, seed) is not None for seed in range(20)) == 0
    found = bench.alarm(0.5, 0.6, 1)
    assert found is not None
    assert found < 2_000
