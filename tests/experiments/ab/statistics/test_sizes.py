"""How many units a test needs."""

import pytest

from experiments.ab.statistics.sizes import units_needed
from experiments.ab.types import Sums
from tests.experiments.ab.statistics.figures import alternating


def test_a_fixed_test_needs_as_many_as_the_textbook_says() -> None:
    # mean 3, standard deviation 1, a tenth: 2 x (1.96 + 0.84)² / 0.3² = 174.4 an arm
    found = units_needed("cost", alternating(2, 4, 10_000), 0.1)
    assert found is not None
    assert found.fixed == 349
    # (3.035 + 0.842)² / (1.960 + 0.842)²
    assert found.factor == pytest.approx(1.915, abs=0.005)
    assert found.days(100) == found.watched / 100


def test_an_uneven_split_needs_more_and_a_share_is_asked_in_points() -> None:
    even, uneven = (units_needed("success", alternating(0, 1, 10_000), 0.05, share_b=share) for share in (0.5, 0.05))
    assert even is not None
    assert uneven is not None
    # standard deviation one half: 2 x 7.849 x 0.25 / 0.05² = 1,570 an arm
    assert even.fixed == 3_140
    assert uneven.fixed == pytest.approx(even.fixed * 0.25 / 0.0475, abs=3)


def test_requests_are_reckoned_by_unit() -> None:
    one, ten = (units_needed("latency", alternating(2, 4, 1_000, requests=each), 0.1) for each in (1, 10))
    assert one is not None
    assert ten is not None
    assert ten.watched == one.watched
    assert ten.tuned_for == pytest.approx(10 * one.tuned_for)


def test_where_nothing_differs_or_nothing_was_seen_nothing_is_said() -> None:
    assert units_needed("cost", Sums(), 0.1) is None
    assert units_needed("cost", alternating(3, 3, 100), 0.1) is None
    assert units_needed("cost", alternating(0, 0, 100), 0.1) is None
    assert units_needed("cost", alternating(2, 4, 100), 0) is None
