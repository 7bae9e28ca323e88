"""What is compared, by what it is judged, and what comes out, as frozen values. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Arm = Literal["a", "b"]
Unit = Literal["user", "session"]
"""What is assigned as a whole, and what figures are reckoned by."""
TreatmentKind = Literal["same", "provider", "model", "policy", "preferences", "release", "tier", "shuffle"]
"""What a variant tells the router. `same`: nothing (both alike, it is an A/A test); `tier`: one fixed cost tier; `shuffle`: a
model drawn as often as the router chose each lately, whatever is asked, so that it costs the same."""
Measure = Literal["cost", "success", "latency", "latency_p95", "ttft", "satisfaction", "tokens", "fallback"]
"""Cost in USD a request, success and fallback as shares, times in milliseconds, satisfaction 0 to 1, output tokens an answer."""
Says = Literal["better", "worse", "more", "less", "open"]
"""Of B against A: `more` and `less` where neither is plainly better (tokens), `open` where no difference is shown."""
GuardrailState = Literal["holds", "open", "broken"]
"""`open`: the interval touches what is not allowed; `broken`: all of it lies there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Treatment:
    """What one variant is. `value`: a provider's name, a model's id, a policy's name, the id of a set of preferences, the number
    of a router release, a cost tier; empty for `same` and `shuffle`."""

    kind: TreatmentKind
    value: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """Which variant a request got, as its record keeps it."""

    experiment: int
    phase: int
    """Counts from 1: other weights are another phase, and phases are never thrown together."""
    arm: Arm
    unit: str
    """Whose requests go together, e.g. "user 12" or "session 3f..."."""
    propensity: float
    """With what probability the unit got this arm."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sums:
    """One measure of one arm: of each unit its requests' sum y and their number w (a ratio is the sum of all y by that of all w),
    and of all units the sums that means and variances need."""

    units: int = 0
    y: float = 0.0
    w: float = 0.0
    yy: float = 0.0
    yw: float = 0.0
    ww: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """An estimate, and between what the truth lies at every look with the stated probability. None: not bounded yet."""

    estimate: float
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One measure of both arms. Differences are B minus A, relative ones by A."""

    measure: Measure
    a: float | None
    b: float | None
    """None: nothing was measured."""
    difference: Interval | None
    relative: Interval | None
    says: Says


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleRatio:
    """How many units each arm got, against the configured weights."""

    a: int
    b: int
    share_b: float
    """As configured."""
    p: float
    """The least at any look: valid while watched."""
    fits: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Guardrail:
    """What B may not do against A: `measure` may be worse by at most `margin` (a share of A, e.g. .1, for costs and times;
    points as a share, e.g. .02, for success and fallback). `budget` is no measure: see Experiment."""

    measure: Measure
    margin: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Guarded:
    """How a guardrail does."""

    guardrail: Guardrail
    state: GuardrailState
    said: str
    """One sentence with the figures."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What a look at two arms finds."""

    at: datetime
    requests_a: int
    requests_b: int
    ratio: SampleRatio
    measures: tuple[Compared, ...]
    """The main measure first; all intervals hold together."""
    guardrails: tuple[Guarded, ...]
    jumpers: int = 0
    """Units that are found in both arms: above one in twenty nothing of this is to be trusted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Test:
    """A test that runs, as the request path holds it."""

    id: int
    phase: int
    account_id: int | None
    """Whose requests alone; None: everybody's."""
    user_id: int | None
    """Whose requests alone; None: all of the account's."""
    unit: Unit
    salt: str
    share_b: float
    exposure: float
    """Which share of the units takes part at all; the others are asked of nothing."""
    a: Treatment
    b: Treatment
    is_adaptive: bool
    """Whether units that are new get B with a share that follows what was seen; then `share_b` is the one of now."""
