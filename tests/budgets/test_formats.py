"""How pages write figures, as the design has them."""

from datetime import UTC, datetime, timedelta

import pytest

from budgets import formats
from budgets.money import rounded

THIN, MINUS = "\N{NARROW NO-BREAK SPACE}", "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("nano", "written"),
    [
        (1_184_620_000_001, "$1,184.62"), (31_000_000, "$0.031"), (520_000, "$0.00052"), (49_500, "$0.000050"), (0, "$0.00"),
        (-1_500_000_000, f"{MINUS}$1.50"), (7, "$0.0000000070"),
    ],
)  # fmt: skip
def test_money_has_cents_and_below_a_dollar_two_digits(nano: int, written: str) -> None:
    assert rounded(nano) == written


def test_counts_shares_and_differences() -> None:
    assert [formats.tokens(each) for each in (3_412, 505_300, 36_040_000)] == ["3,412", "505.3k", "36.04M"]
    assert formats.percent(989, 1_000, 1) == f"98.9{THIN}%"
    assert formats.percent(1, 0) == formats.change(1, 0) == formats.ratio(1, 0) == "\N{EN DASH}"
    assert formats.change(76, 100) == f"{MINUS}24{THIN}%"
    assert formats.change(100, 100) == f"0{THIN}%"
    assert formats.points(0.991, 0.989) == "+0.2 points"


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [
        (4, "4 ms"), (510, "510 ms"), (6_100, "6.1 s"), (9_960, "10 s"), (59_600, "1 min 0 s"), (125_000, "2 min 5 s"),
        (12_000_000, "3 h 20 min"),
    ],
)  # fmt: skip
def test_durations_have_two_digits(milliseconds: float, written: str) -> None:
    assert formats.duration(milliseconds).replace(THIN, " ") == written


def test_moments_are_relative_until_they_are_days_old() -> None:
    now = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    passed = [
        timedelta(seconds=38),
        timedelta(minutes=5),
        timedelta(hours=7),
        timedelta(days=1, hours=6),
        timedelta(days=21),
    ]
    assert [formats.ago(now - each, now) for each in passed] == [
        "38 s ago", "5 min ago", "7 h ago", "Mon 9:00", "3 Nov",
    ]  # fmt: skip
    assert formats.ago(now - timedelta(days=400), now) == "20 Oct 2025"
