"""The figures of a report as people read them: what is small is never rounded to nothing. Pure."""

from math import floor, log10

NOISE = 1e-12
"""What is left of adding and subtracting floats."""


def figure(value: float, decimals: int) -> str:
    """A figure to so many decimals, or to two digits where it would lose them."""
    lost = -floor(log10(abs(value))) if abs(value) > NOISE else 0
    return f"{value:.{lost + 1 if lost > decimals else decimals}f}"


def change(value: float, decimals: int) -> str:
    """The same with its sign."""
    return f"{'+' if value >= 0 else ''}{figure(value, decimals)}"


def percent(share: float) -> str:
    return f"{figure(100 * share, 2)}%"


def points(value: float) -> str:
    return figure(value, 2)
