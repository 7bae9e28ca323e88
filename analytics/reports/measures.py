"""Rates and means of figures. Pure. None where there is nothing to divide by."""

from analytics.windows.sketches import GAMMA
from analytics.windows.types import Figures, Sketch

BOUNDS_MS = (100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000)
"""Of a histogram: each bar is of what is not longer, and longer than the bar before."""


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def called(figures: Figures) -> int:
    """Those that were let in: what was refused is neither success nor failure, and costs nothing."""
    return figures.requests - figures.refused


def finished(figures: Figures) -> int:
    """Those that say something of the models: neither refused, nor left by the caller before their end."""
    return called(figures) - figures.abandoned


def success(figures: Figures) -> float | None:
    return share(figures.successes, finished(figures))


def fallback(figures: Figures) -> float | None:
    """How many of those that were let in were answered, but not by the first one that was called."""
    return share(figures.fallbacks, called(figures))


def mean_cost_nano(figures: Figures) -> float | None:
    """Of a request that was let in."""
    return share(figures.cost_nano, called(figures))


def efficiency(figures: Figures) -> float | None:
    """Output tokens for each token of input."""
    return share(figures.output_tokens, figures.input_tokens)


def mean_latency_ms(figures: Figures) -> float | None:
    return share(figures.latency_ms, figures.timed)


def mean_ttft_ms(figures: Figures) -> float | None:
    return share(figures.ttft_ms, figures.first_tokens)


def satisfaction(figures: Figures) -> float | None:
    return share(figures.satisfaction, figures.rated)


def histogram(sketch: Sketch) -> list[tuple[int | None, int]]:
    """Bars as (until, count), in milliseconds; the last one has no end. What lies within 1 % of a bound may be beside it."""
    counts = dict.fromkeys([*BOUNDS_MS, None], 0)
    counts[BOUNDS_MS[0]] += sketch.zeros
    for bucket, count in sketch.counts.items():
        value = 2 * GAMMA**bucket / (1 + GAMMA)
        counts[next((bound for bound in BOUNDS_MS if value <= bound), None)] += count
    return list(counts.items())
