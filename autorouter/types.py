"""A routing decision and what goes into it, as frozen values. Scores are exact Decimals."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from models_registry.types import Capability

Category = Literal["coding", "reasoning", "creative", "factual", "analysis", "conversation", "multimodal", "research"]
Complexity = Literal["simple", "moderate", "complex"]
CostTier = Literal["cheap", "mid", "premium"]
Priority = Literal["balanced", "speed", "cost", "quality", "privacy"]

CATEGORIES: tuple[Category, ...] = get_args(Category)
COMPLEXITIES: tuple[Complexity, ...] = get_args(Complexity)
COST_TIERS: tuple[CostTier, ...] = get_args(CostTier)
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
NEEDS: tuple[Capability, ...] = get_args(Capability)


@dataclass(frozen=True, kw_only=True, slots=True)
class RouterConfig:
    """The tuning values of mission section 2. Defaults stand in `configuration.FIELDS`, each with unit and range."""

    stickiness_bonus: Decimal
    reasoning_bonus: Decimal
    research_bonus: Decimal
    simple_penalty: Decimal
    complex_threshold: Decimal
    complex_multiplier: Decimal
    cheap_below: Decimal
    """USD per 1M tokens, mean of input and output price."""
    mid_below: Decimal
    tier_weights: Mapping[Complexity, Mapping[CostTier, Decimal]]
    speed_bonuses: Mapping[str, Decimal]
    router_model: str
    router_max_retries: int
    context_buffer: Decimal
    long_context_threshold: int
    classifies_with_model: bool = False
    """Whether the router model is asked what a request is about."""
    router_deadline_ms: int = 1_500


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """A profile's figure, 0 to 100, with where it is from."""

    value: Decimal
    source: str
    dated: str
    is_estimated: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What a model is good at."""

    model: str
    quality: Score | None
    categories: Mapping[Category, Score]


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """A named list of models, tried in order. None: no limit, or the model's own default."""

    name: str
    version: int
    title: str
    models: tuple[str, ...]
    max_cost_usd: Decimal | None
    max_output_tokens: int | None
    temperature: Decimal | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RouterRelease:
    """One release of the router line. Release 0 ships with the code."""

    release: int
    config: RouterConfig
    profiles: Mapping[str, Profile]
    policies: Mapping[str, Policy]
    """Active policies by name."""
    task_types: Mapping[str, str]
    """Task type to policy name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What a request is about."""

    category: Category
    complexity: Complexity
    input_tokens: int
    """Estimated size of the prompt."""
    needs: frozenset[Capability]
    is_long_context: bool = False
    """Whether its size is at least the configured threshold; read from the request, never guessed."""
    origin: str
    """"given" by the caller, found by the "local" classifier or by "model ID"; or "local, since ..." after a failure."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Constraints:
    """What the caller asks of the router beside the task. None and empty: no restriction."""

    previous_model: str | None = None
    candidates: tuple[str, ...] | None = None
    policy: str | None = None
    priority: Priority = "balanced"
    max_cost_usd: Decimal | None = None
    max_latency_ms: int | None = None
    max_output_tokens: int | None = None
    blocked_providers: frozenset[str] = frozenset()
    blocked_models: frozenset[str] = frozenset()
    allowed: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()
    """Providers and models of each rule that allows: a model must be named by every one of them."""
    preferred_providers: frozenset[str] = frozenset()
    preferred_models: frozenset[str] = frozenset()
    """What is preferred goes first among the candidates near the best score."""
    allow_internal: bool = False
    """Whether models marked internal only may answer."""
    keeps_model: bool = False
    """True in a session: its previous model answers again while it still can, unless stickiness is tuned to 0."""
    rules: tuple[str, ...] = ()
    """Names of the caller's own rules that fired."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """How a score came about: a sum of four, times two factors, plus speed."""

    category: Decimal
    stickiness: Decimal
    reasoning: Decimal
    research: Decimal
    complexity_factor: Decimal
    tier_weight: Decimal
    speed: Decimal

    @property
    def score(self) -> Decimal:
        base = self.category + self.stickiness + self.reasoning + self.research
        return base * self.complexity_factor * self.tier_weight + self.speed


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A model that may answer, with its score and what the request would likely cost there."""

    model: str
    provider: str
    score: Decimal
    tier: CostTier
    terms: Terms
    mean_price: Decimal
    """USD per 1M tokens."""
    quality: Decimal
    estimated_cost_usd: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Exclusion:
    """Why a model may not answer: `code` for programs, `reason` for people."""

    model: str
    code: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The outcome: candidates best first, the first being chosen; who is out, with reasons; the releases it came from."""

    task: Task
    constraints: Constraints
    candidates: tuple[Candidate, ...]
    """As many as were asked for."""
    excluded: tuple[Exclusion, ...]
    """Everybody who is out where the whole explanation was asked for, or where no candidate is left; else empty."""
    considered: int
    """Models that were looked at: all, or those of the policy or the request."""
    catalogue_release: int
    router_release: int

    @property
    def chosen(self) -> Candidate | None:
        return self.candidates[0] if self.candidates else None
