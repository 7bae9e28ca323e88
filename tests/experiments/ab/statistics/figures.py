"""Units of a test, each with what its requests add up to."""

from collections.abc import Iterable

from experiments.ab.types import Sums


def sums(units: Iterable[tuple[float, float]]) -> Sums:
    """Of units as (y, w)."""
    y, w = zip(*units, strict=True)
    return Sums(
        units=len(y), y=sum(y), w=sum(w), yy=sum(each * each for each in y),
        yw=sum(one * other for one, other in zip(y, w, strict=True)), ww=sum(each * each for each in w),
    )  # fmt: skip


def alternating(low: float, high: float, units: int, requests: int = 1) -> Sums:
    """Half of the units have `low` a request, the others `high`."""
    return sums((requests * (high if at % 2 else low), requests) for at in range(units))
