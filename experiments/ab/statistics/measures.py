"""Which way each measure is better, and what bounds it. Pure."""

from collections.abc import Mapping, Set
from typing import Literal

from experiments.ab.types import Measure, Says

Goal = Literal[-1, 0, 1]
GOALS: Mapping[Measure, Goal] = {
    "cost": -1, "success": 1, "latency": -1, "latency_p95": -1, "ttft": -1, "satisfaction": 1, "tokens": 0, "fallback": -1,
}  # fmt: skip
"""1: more is better; -1: less is; 0: neither plainly."""
LABELS: Mapping[Measure, str] = {
    "cost": "Cost per request", "success": "Success", "latency": "Mean answer time",
    "latency_p95": "The time of the slowest 5 %", "ttft": "Time to first token", "satisfaction": "Satisfaction",
    "tokens": "Tokens per answer", "fallback": "Fallback rate",
}  # fmt: skip
"""As a sentence begins."""
SHARES: Set[Measure] = frozenset({"success", "fallback"})
"""Of each request yes or no: what is counted is bounded, and may be rare."""
POINTS: Set[Measure] = SHARES | {"satisfaction"}
"""Differences are told in points; those of all others as shares of A."""


def says(measure: Measure, low: float | None, high: float | None) -> Says:
    """What an interval of the difference B minus A shows."""
    is_more, is_less = low is not None and low > 0, high is not None and high < 0
    if not is_more and not is_less:
        return "open"
    if goal := GOALS[measure]:
        return "better" if is_more == (goal > 0) else "worse"
    return "more" if is_more else "less"
