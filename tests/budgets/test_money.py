"""One spelling of amounts, exact to the nano-dollar."""

import pytest

from budgets.money import dollars, dollars_of_both, rounded_of_both, usd


@pytest.mark.parametrize(
    ("nano", "for_programs", "for_people"),
    [
        (0, "0", "$0.00"),
        (1, "0.000000001", "$0.000000001"),
        (49_500, "0.0000495", "$0.0000495"),
        (500_000_000, "0.5", "$0.50"),
        (25_000_000_000, "25", "$25.00"),
        (1_184_620_000_001, "1184.620000001", "$1,184.620000001"),
        (9_223_372_036_854_775_807, "9223372036.854775807", "$9,223,372,036.854775807"),
        (-49_500, "-0.0000495", "\N{MINUS SIGN}$0.0000495"),
    ],
)
def test_no_nano_dollar_is_lost(nano: int, for_programs: str, for_people: str) -> None:
    assert (usd(nano), dollars(nano)) == (for_programs, for_people)


def test_what_the_sandbox_made_up_is_marked_and_stands_apart() -> None:
    assert dollars(7, is_sandbox=True) == "$0.000000007 (sandbox)"
    assert dollars(0, is_sandbox=True) == "$0.00"
    assert dollars_of_both(5_000, 0) == "$0.000005"
    assert dollars_of_both(0, 7) == "$0.000000007 (sandbox)"
    assert dollars_of_both(5_000, 7) == "$0.000005 + $0.000000007 (sandbox)"
    assert rounded_of_both(10_657_960_441, 7_123) == "$10.66 + $0.0000071 (sandbox)"
