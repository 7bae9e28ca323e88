"""Figures of a report: to so many decimals, and what is small keeps its first digits."""

import pytest

from experiments.replay.figures import change, figure, percent, points


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (-15.0, 2, "-15.00"), (0.0, 2, "0.00"), (0.05, 2, "0.05"), (0.0042, 2, "0.0042"), (-0.00399, 2, "-0.0040"),
        (1e-17, 2, "0.00"), (0.00000000152, 8, "0.0000000015"), (812.4, 0, "812"), (0.25, 0, "0.25"),
    ],
)  # fmt: skip
def test_a_figure_is_never_rounded_to_nothing(value: float, decimals: int, text: str) -> None:
    assert figure(value, decimals) == text


def test_a_change_has_its_sign_and_a_unit_follows() -> None:
    assert (change(0.5, 2), change(-0.5, 2), change(0, 2)) == ("+0.50", "-0.50", "+0.00")
    assert (percent(0.05), percent(0.00001), points(0.004)) == ("5.00%", "0.0010%", "0.0040")
