"""What is asked of the roll-ups, and what they answer. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Dimension = Literal[
    "account", "user", "key", "model", "provider", "deployment", "policy", "task_type", "category", "complexity", "worker", "tag",
]  # fmt: skip
"""By what figures are grouped and filtered. Values are text: of accounts, users and keys their ids; empty where there is none.
A request has any number of tags: it counts for each of them, so that figures by tag are never summed."""
Step = Literal["5min", "quarter", "hour", "day", "week", "month"]
"""How finely a range is cut: days, weeks (from Monday) and months are those of the question's zone."""
Traffic = Literal["real", "sandbox", "both"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sketch:
    """How values are distributed, in logarithmic buckets that can be added up: a quantile is off by at most 1 %."""

    counts: Mapping[int, int] = field(default_factory=dict)
    """How many values lie in each bucket, by its index."""
    zeros: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Figures of the requests that came in from `since` until before `until`."""

    since: datetime
    until: datetime
    zone: str = "UTC"
    by: tuple[Dimension, ...] = ()
    step: Step | None = None
    """None: one row for the whole range."""
    where: Mapping[Dimension, tuple[str, ...]] = field(default_factory=dict)
    """Any of these values of each dimension that is named."""
    accounts: frozenset[int] | None = None
    """Whose requests alone; None: everybody's, which only staff may ask."""
    traffic: Traffic = "real"
    distributions: bool = False
    """Whether latencies are asked for as well, which costs more."""
    top: int | None = None
    """Of the groups, so many alone: those that cost most in the whole range, and of equal ones those with most requests."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Of some requests. Money is nano-dollars, times are milliseconds."""

    requests: int = 0
    successes: int = 0
    failures: int = 0
    refused: int = 0
    """Of the requests, those that nothing was called for."""
    abandoned: int = 0
    unknown: int = 0
    fallbacks: int = 0
    """Answered, but not by the first one that was called."""
    reported: int = 0
    """Told from outside, not called by the gateway."""
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost_nano: int = 0
    cache_saved_nano: int = 0
    compared_nano: int = 0
    """What those cost that the following three are known of."""
    best_nano: int = 0
    """What the same tokens would have cost at the best model for such a task."""
    good_nano: int = 0
    """At the cheapest model that is good enough for it."""
    asked_nano: int = 0
    """At the model that was asked for by name; what they did cost where it was left to the router."""
    timed: int = 0
    """Answers of models that came whole: those that the times are of."""
    latency_ms: int = 0
    """Of all of them together."""
    ttft_ms: int = 0
    first_tokens: int = 0
    """How many of them told when their first token came."""
    output_ms: int = 0
    """Milliseconds in which the output came of those that streamed."""
    streamed_tokens: int = 0
    """The output of those."""
    rated: int = 0
    satisfaction: float = 0.0
    """The sum of their ratings, each from 0 to 1."""
    errors: Mapping[str, int] = field(default_factory=dict)
    """How many ended with each kind of error."""
    latencies: Sketch = field(default_factory=Sketch)
    first_token_times: Sketch = field(default_factory=Sketch)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """The figures of one group in one step."""

    group: tuple[str, ...] = ()
    """The values, in the order of the question's `by`."""
    start: datetime | None = None
    """When the step begins, in the question's zone."""
    figures: Figures


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    rows: tuple[Row, ...]
    """Ordered by start, then by group; steps and groups without a request are missing."""
    as_of: datetime
    """Until when all requests are counted that came to their end."""
