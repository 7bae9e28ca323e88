"""At which rates requests are reckoned beside what they cost: see models.Baseline."""

from collections.abc import Collection


def ensure(releases: Collection[tuple[int, int]]) -> None:
    """Have the rows of these releases of catalogue and router."""
