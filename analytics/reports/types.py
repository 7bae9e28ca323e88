"""What reports say, as frozen values. Pure. Money is nano-dollars, times are milliseconds, shares are from 0 to 1."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from analytics.windows.types import Figures, Question

Order = Literal["requests", "cost", "failures", "latency", "input_tokens", "output_tokens", "name"]
"""By what groups are ordered: the most first, names from A on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Which groups of an answer are told."""

    limit: int = 50
    offset: int = 0
    order: Order = "requests"
    compare: bool = False
    """Whether the period before, of the same length, is told beside."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A group's figures in one step."""

    start: datetime
    figures: Figures


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """One group with its figures of the whole range."""

    values: tuple[str, ...]
    """In the order of the question's `by`; empty for the others together, and for the total."""
    labels: tuple[str, ...]
    """What these are called for people."""
    figures: Figures
    before: Figures | None = None
    """Of the period before; None where that was not asked for."""
    points: tuple[Point, ...] = ()
    """Step by step; steps without a request are missing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A page of groups, and everything that the question is about."""

    question: Question
    page: Page
    groups: tuple[Group, ...]
    others: Group | None
    """Those that this page does not tell, together. None where there are none, and by tag, which is never summed."""
    total: Group
    count: int
    """How many groups there are in all."""
    as_of: datetime


Interval = tuple[float, float, float]
"""An estimate, and between which two figures it is."""
Reference = Literal["best", "good", "asked"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Saving:
    """What the same tokens would have cost elsewhere. An estimate: another model answers in another length."""

    reference: Reference
    would_have_cost_nano: int
    cost_nano: int
    """What those requests did cost for which the reference is known."""

    @property
    def saved_nano(self) -> int:
        """Below nothing where routing cost more."""
        return self.would_have_cost_nano - self.cost_nano

    @property
    def share(self) -> float | None:
        return self.saved_nano / self.would_have_cost_nano if self.would_have_cost_nano else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Savings:
    question: Question
    savings: tuple[Saving, ...]
    """Against the best model, the cheapest good one, and what was asked for."""
    cache_saved_nano: int
    """What answers out of the cache did not cost, beside."""
    coverage: float | None
    """Which share of the cost the comparison covers. None where nothing was spent."""
    as_of: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One target of the mission and how it stands."""

    name: str
    title: str
    wanted: str
    """In words, e.g. "below $0.05"."""
    value: str
    """In words; "-" where there is nothing to tell."""
    figure: float | None
    """The same as a number: dollars, a share or milliseconds."""
    is_met: bool | None
    """None where there is nothing to tell."""
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyShare:
    """How much a policy is used, beside its target band."""

    policy: str
    requests: int
    share: float
    low: float
    high: float

    @property
    def is_within(self) -> bool:
        return self.low <= self.share <= self.high


@dataclass(frozen=True, kw_only=True, slots=True)
class Targets:
    question: Question
    targets: tuple[Target, ...]
    policies: tuple[PolicyShare, ...]
    as_of: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One model of a comparison: what it did for a group."""

    model: str
    requests: int
    finished: int
    """Those that succeeded or failed: the others say nothing of the model."""
    successes: int
    cost_per_request_nano: float
    days: int
    """On which it answered."""

    @property
    def success(self) -> float:
        return self.successes / self.finished if self.finished else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Opportunity:
    """A group of requests where a cheaper model does as well."""

    group: Mapping[str, str]
    """Account, task type, category and complexity."""
    labels: Mapping[str, str]
    used: Side
    cheaper: Side
    success_difference: Interval
    """Cheaper less used."""
    saving_per_request_nano: Interval
    saving_nano: Interval
    """Of all requests that the used one answered in the range."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opportunities:
    question: Question
    found: tuple[Opportunity, ...]
    """The greatest saving first."""
    comparisons: int
    """So many pairs of models were compared: the intervals hold for all of them together."""
    margin: float
    as_of: datetime
