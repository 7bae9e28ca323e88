"""Two arms and what may be said of them at every look."""

from dataclasses import astuple, replace
from math import sqrt

import pytest

from experiments.ab.statistics.sequences import MIN_UNITS, TUNED_FOR, boundary, compared, ratio
from experiments.ab.types import Measure, Says, Sums
from routerhub.intervals import student
from tests.bench import experiments as bench
from tests.bench.crowds import Looks, draw
from tests.experiments.ab.statistics.figures import alternating, sums


@pytest.mark.parametrize(
    ("alpha", "clock", "wide"),
    [
        (0.05, 0.1, 3.8550546335303104), (0.05, 1, 3.035208990376253), (0.05, 10, 3.241723145405437),
        (0.05, 100, 3.5616410409189), (0.01, 0.1, 4.316013747714238), (0.01, 1, 3.5716299708704495),
    ],
)  # fmt: skip
def test_the_boundary_is_robbins_normal_mixture(alpha: float, clock: float, wide: float) -> None:
    """Against ville 0.1.0: `normal_mixture(2000 * clock, alpha, rho) / sqrt(2000 * clock)` of `ville._boundaries`, where rho is
    2000 by log(1 - 2 log(alpha)) - 2 log(alpha)."""
    assert boundary(clock, alpha) == pytest.approx(wide, rel=1e-12)


def test_a_difference_of_means_is_as_wide_as_worked_out_by_hand() -> None:
    # Each arm: 1,000 units of one request, variance 1; the means are 3 and 4. As many requests as it is tuned for.
    found = compared("tokens", alternating(2, 4, 1_000), alternating(3, 5, 1_000))
    half = student(3.035208990376253, 1_998) * sqrt(2 / 999)
    assert (found.a, found.b, found.says) == (3, 4, "more")
    assert found.difference is not None
    # Never narrower than so; the limits at A's and B's level lie a little farther.
    assert found.difference.low == pytest.approx(1 - half - 0.0125, abs=0.0125)
    points = compared("satisfaction", alternating(2, 4, 1_000), alternating(3, 5, 1_000))
    assert points.difference is not None
    assert astuple(points.difference) == pytest.approx((1, 1 - half, 1 + half))


def test_a_relative_interval_has_the_factors_at_which_no_difference_would_show() -> None:
    a, b = alternating(2, 4, 1_000), alternating(3, 5, 1_000)
    found = compared("cost", a, b).relative
    assert found is not None
    assert found.estimate == pytest.approx(1 / 3)
    width = student(3.035208990376253, 1_998)
    for limit in (found.low, found.high):
        assert limit is not None
        factor = limit + 1
        assert abs(4 - factor * 3) == pytest.approx(width * sqrt((1 + factor**2) / 999))


@pytest.mark.parametrize(
    ("measure", "says"),
    [
        ("cost", "worse"), ("success", "better"), ("latency", "worse"), ("ttft", "worse"), ("satisfaction", "better"),
        ("tokens", "more"), ("fallback", "worse"),
    ],
)  # fmt: skip
def test_more_is_better_or_worse_by_the_measure(measure: Measure, says: Says) -> None:
    few, many = alternating(0, 0.2, 2_000), alternating(0.6, 0.8, 2_000)
    assert compared(measure, few, many).says == says
    other = {"better": "worse", "worse": "better", "more": "less"}[says]
    assert compared(measure, many, few).says == other
    assert compared(measure, few, few).says == "open"


def test_requests_of_a_unit_that_are_alike_say_no_more_than_one() -> None:
    one, fifty = alternating(2, 4, 200), alternating(2, 4, 200, requests=50)
    alone, together = (ratio("latency", each) for each in (one, fifty))
    assert alone is not None
    assert together is not None
    assert astuple(together) == pytest.approx(astuple(alone))


def test_one_unit_with_most_of_the_requests_leaves_too_few() -> None:
    even = alternating(2, 4, 100)
    heavy = sums([*((3.0, 1.0) for _ in range(99)), (3_000.0, 1_000.0)])
    found = compared("cost", even, heavy)
    assert found.difference is not None
    assert (found.difference.low, found.difference.high, found.says) == (None, None, "open")


def test_nothing_is_said_of_few_units_or_none() -> None:
    many, few = alternating(0, 1, 500), alternating(10, 11, MIN_UNITS - 1)
    found = compared("cost", many, few)
    assert (found.a, found.says) == (0.5, "open")
    assert found.difference is not None
    assert (found.difference.low, found.difference.high) == (None, None)
    nothing = compared("cost", many, Sums())
    assert (nothing.a, nothing.b, nothing.difference, nothing.relative, nothing.says) == (0.5, None, None, None, "open")


def test_where_nothing_failed_yet_the_share_is_not_sure() -> None:
    found = compared("success", alternating(1, 1, 500), alternating(1, 1, 500)).difference
    assert found is not None
    assert found.low is not None
    assert -0.03 < found.low < -0.005


def test_a_small_arm_is_no_surer_than_as_many_units_of_the_large_one() -> None:
    large, small = alternating(0, 20, 2_000), alternating(5, 5, 20)
    found = compared("cost", large, small)
    assert found.says == "open"
    assert found.difference is not None
    assert found.difference.low is not None
    assert found.difference.low < -10


def test_of_what_was_free_no_share_is_told() -> None:
    found = compared("cost", alternating(0, 0, 500), alternating(1, 3, 500))
    assert (found.relative, found.says) == (None, "worse")
    free = compared("cost", alternating(1, 3, 500), alternating(0, 0, 500))
    assert free.relative is not None
    assert astuple(free.relative) == pytest.approx((-1, -1, -1), abs=0.2)
    assert free.says == "better"


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_currency_does_not_matter(scale: float) -> None:
    a, b = alternating(2, 4, 300), alternating(2.1, 4.4, 200)
    found, scaled = compared("cost", a, b), compared("cost", _scaled(a, scale), _scaled(b, scale))
    assert found.relative is not None
    assert scaled.relative is not None
    assert scaled.relative.low == pytest.approx(found.relative.low)
    assert found.difference is not None
    assert scaled.difference is not None
    assert (found.difference.high, scaled.difference.low) != (None, None)
    assert scaled.difference.low == pytest.approx(scale * (found.difference.low or 0))


def _scaled(of: Sums, scale: float) -> Sums:
    return replace(of, y=scale * of.y, yy=scale**2 * of.yy, yw=scale * of.yw)


def test_sums_that_are_weighted_alike_say_the_same() -> None:
    """As where each request is divided by the probability of its arm."""
    a, b = alternating(2, 4, 400, requests=3), alternating(3, 5, 400, requests=3)
    assert compared("cost", _twice(a), _twice(b), tuned_for=2 * TUNED_FOR) == compared("cost", a, b)


def _twice(of: Sums) -> Sums:
    return Sums(units=of.units, y=2 * of.y, w=2 * of.w, yy=4 * of.yy, yw=4 * of.yw, ww=4 * of.ww)


SHORT = [replace(crowd, units=150, requests=600) for crowd in (*bench.COSTS[:6], bench.COSTS[9], *bench.SUCCESSES[:2])]


def test_tests_of_two_that_are_alike_show_no_difference_while_somebody_looks_after_every_request() -> None:
    """The short form of `make bench ARGS=experiments`: at most one in twenty may ever do."""
    found = [bench.wrong(crowd, seed) for crowd in SHORT for seed in range(25)]
    assert sum(found) / len(found) <= 0.03


def test_the_truth_is_hardly_ever_outside_where_b_costs_three_times_as_much() -> None:
    found = [bench.wrong(crowd, seed, factor=3) for crowd in SHORT[:7] for seed in range(10)]
    assert sum(found) / len(found) <= 0.05


def test_a_clear_difference_is_shown() -> None:
    looks = Looks(draw(replace(bench.SUCCEEDING, come="whole", tail=0), 0))
    a, b = looks.after(5_000)
    assert compared("success", a, replace(b, y=0.8 * b.y, yy=0.64 * b.yy, yw=0.8 * b.yw)).says == "worse"
