"""What is replayed and what comes out, as frozen values. Money is USD, times are milliseconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from autorouter.types import Constraints, Task
from models_registry.types import Availability, Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """A request as the router met it, and the tokens that its answer took."""

    at: datetime
    task: Task
    constraints: Constraints
    availability: Availability
    usage: Usage
    tags: tuple[str, ...] = ()
    user_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """What is replayed: recorded requests, or the prompts that ship where there are none."""

    situations: Sequence[Situation]
    is_recorded: bool
    latency_ms: Mapping[str, float]
    """Mean answer time of each model in the records; one without is missing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A mean change per request with its 95 % interval. Relative to the baseline where it says so."""

    mean: float
    low: float
    high: float
    relative: float | None
    """Change of the total as a share of the baseline's total; None where that is zero or unknown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """So many requests would go from one model to another. None: no model could take them."""

    before: str | None
    after: str | None
    requests: int
    cost_change: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a change would do to the traffic."""

    requests: int
    moved: int
    is_recorded: bool
    flows: Sequence[Flow]
    """The largest first."""
    cost_usd: Estimate
    quality: Estimate
    """Change of the profile score for the task's category, points of 100."""
    latency_ms: Estimate | None
    """None where no latency was measured for the models in question."""
    latency_known: int
    """Requests for whose both models a latency was measured."""
    refused_before: int
    refused_after: int
    """Requests that no model could take."""
