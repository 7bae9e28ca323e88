"""Figures of one hour and what is unusual in them, as frozen values. Pure."""

from dataclasses import dataclass
from typing import Literal

Measure = Literal["spend", "latency", "errors"]
Baseline = Literal["hour of the week", "hour of the day"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What one account, model or provider did in one hour. Of an hour without requests all is 0."""

    requests: int = 0
    """Those that were let in and not left by their client."""
    failures: int = 0
    cost_nano: int = 0
    latency_ms: int = 0
    """The median of the answers; 0 where there was none."""


NONE = Figures()


@dataclass(frozen=True, kw_only=True, slots=True)
class Anomaly:
    """One measure was far above what is usual."""

    measure: Measure
    window_hours: int
    """In the last so many hours together."""
    value: float
    """Nano-dollars, milliseconds, or the share of requests that failed."""
    expected: float
    score: float
    """How far above, in usual deviations (1.48 median absolute deviations)."""
    requests: int
    baseline: Baseline
    """The median of what is what it is compared with."""
    history_hours: int
