"""Numbers out of texts and JSON: ASCII digits alone, of a size that may be meant."""

from decimal import Decimal

import pytest

from routerhub.numerals import exact, may_be_one, whole


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_nothing_but_digits_is_a_whole_number(text: str, number: int) -> None:
    assert whole(text) == number


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1.0", "1e3", "\uff11\uff12", "²", "٣", "1_000", "9" * 19, "9" * 5_000]
)
def test_no_other_text_is_a_whole_number(text: str) -> None:
    assert whole(text) is None


@pytest.mark.parametrize(
    ("given", "number"),
    [
        (3, "3"),
        (0.1, "0.1"),
        (Decimal("0.10"), "0.10"),
        ("-.5", "-0.5"),
        (" 1e-9 ", "1E-9"),
        ("2.", "2"),
        ("1E+30", "1E+30"),
    ],
)
def test_a_number_is_read_to_the_last_digit(given: object, number: str) -> None:
    assert str(exact(given)) == str(Decimal(number))


@pytest.mark.parametrize(
    "given",
    [
        None, True, [1], "", "x", "NaN", "Infinity", float("nan"), float("inf"), "\uff11\uff12", "1\uff12", "1_000", "1,5", "0x1",
        "1E-999999999", "1E+31", "0E-999", "9" * 41, Decimal("1E-31"), Decimal("sNaN"),
    ],
)  # fmt: skip
def test_what_is_no_number_or_beyond_any_sensible_size_is_none(given: object) -> None:
    assert exact(given) is None


def test_a_number_of_thousands_of_digits_is_none() -> None:
    assert exact(10**5_000) is None


def test_what_is_empty_or_no_text_is_left_to_the_field() -> None:
    assert all(may_be_one(given) for given in (None, "", " ", 3, "3", ["1"]))
    assert not any(may_be_one(given) for given in ("\uff11\uff12", "three", "1E-999999999"))
