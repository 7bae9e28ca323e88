"""A routing decision and what goes into it, as frozen values. Scores are exact Decimals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, get_args

from autorouter.configuration.tunables import groups
from autorouter.configuration.tunables.kinds import (
    Ceiling,
    choice,
    count,
    flag,
    model_id,
    number,
    points_by_pattern,
    table,
)
from autorouter.decision.hosting import UNHOSTED, Hosting
from autorouter.decision.success import Evidence, Learned
from autorouter.decision.terms import Terms
from models_registry.types import Capability
from routerhub.regions import Regions

Category = Literal["coding", "reasoning", "creative", "factual", "analysis", "conversation", "multimodal", "research"]
Reader = Literal["table", "encoder", "model"]
"""Who can say what a prompt is about: trained weights of words, a small neural network, and the router model."""
Asks = Literal["off", "unsure", "always"]
QUESTION_TAG = "routerhub-classification"
"""On the records of what the router model is asked."""
Complexity = Literal["simple", "moderate", "complex"]
CostTier = Literal["cheap", "mid", "premium"]
Priority = Literal["balanced", "speed", "cost", "quality", "privacy"]
Leads = tuple[Literal["provider", "model", "tier"], str]
"""What goes before all others whatever it scores: the models of a provider, one model, or those of a cost tier."""

TriesFirst = Literal["", "cheapest", "strongest"]
"""Which of a policy's models a task tries first; empty: those that the policy's own order puts there."""

BY_COMPLEXITY: Mapping[str, TriesFirst] = {"simple": "cheapest", "complex": "strongest"}
EMBEDDING = "embedding"
"""Stands in the place of a category where vectors are asked for, which the router does not sort."""
CATEGORIES: tuple[Category, ...] = get_args(Category)
MAX_HEDGE_AFTER_MS = 600_000
COMPLEXITIES: tuple[Complexity, ...] = get_args(Complexity)
READERS: tuple[Reader, ...] = get_args(Reader)
COST_TIERS: tuple[CostTier, ...] = get_args(CostTier)
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
NEEDS: tuple[Capability, ...] = get_args(Capability)


@dataclass(frozen=True, kw_only=True, slots=True)
class RouterConfig:
    """The values that staff tune, each declared here and nowhere else.

    To add one, add a field (with `is_newer=True`) and make a migration: bundles, table, API, tuning page and documentation
    follow.
    """

    stickiness_bonus: Decimal = number(
        "25", low="0", high="100", unit="points", group=groups.BONUSES, label="Stickiness",
        help="For the model that answered last. 0 also ends the loyalty of sessions.",
    )  # fmt: skip
    reasoning_bonus: Decimal = number(
        "15", low="0", high="100", unit="points", group=groups.BONUSES, label="Reasoning",
        help="For models that reason, on complex tasks.",
    )  # fmt: skip
    research_bonus: Decimal = number(
        "25", low="0", high="100", unit="points", group=groups.BONUSES, label="Research",
        help="For models of Perplexity, on research.",
    )  # fmt: skip
    simple_penalty: Decimal = number(
        "0.7", low="0", high="1", unit="times", group=groups.COMPLEXITY, label="Simple penalty",
        help="Every score is multiplied by it when the task is simple.",
    )  # fmt: skip
    complex_multiplier: Decimal = number(
        "1.2", low="1", high="5", unit="times", group=groups.COMPLEXITY, label="Complex boost",
        help="Strong models' scores are multiplied by it when the task is complex.",
    )  # fmt: skip
    complex_threshold: Decimal = number(
        "85", low="0", high="100", unit="quality score", group=groups.COMPLEXITY, label="Strong from",
        help="The overall quality from which a model gets the complex boost.",
    )  # fmt: skip
    cheap_below: Decimal = number(
        "1", low="0", high="1000", unit="USD per 1M tokens", group=groups.TIERS, label="Cheap below",
        help="A mean price below this is cheap.", not_above=Ceiling(name="mid_below", meaning="where premium begins"),
    )  # fmt: skip
    mid_below: Decimal = number(
        "5", low="0", high="1000", unit="USD per 1M tokens", group=groups.TIERS, label="Premium from",
        help="A mean price from here on is premium; what is between is mid.",
    )  # fmt: skip
    tier_weights: Mapping[Complexity, Mapping[CostTier, Decimal]] = table(
        {"simple": ("0.60", "0.25", "0.15"), "moderate": ("0.50", "0.30", "0.20"), "complex": ("0.30", "0.40", "0.30")},
        columns=COST_TIERS, prefix="weight", cell_label="Weight of {column} when {row}", low="0", high="1", unit="weight",
        group=groups.WEIGHTS, label="Tier weights",
        help="A score is multiplied by the weight of the task's complexity and the model's cost tier.",
    )  # fmt: skip
    speed_bonuses: Mapping[str, Decimal] = points_by_pattern(
        {"cerebras": 12, "groq": 10, "flash": 8, "fast": 8, "nano": 10, "lite": 10, "lightning": 12, "thinking": -5,
         "extended-thinking": -8},
        prefix="speed", low=-100, high=100, unit="points", group=groups.SPEED, label="Speed bonuses",
        help="Points by pattern; every pattern that the lower-cased model id contains counts.",
    )  # fmt: skip
    policy_max_places: int = count(
        4, low=0, high=20, unit="places", group=groups.POLICIES, label="Places within a policy", is_newer=True,
        help="By how many places a caller's preferred providers and priority may move a model within a policy's order. 0: the "
        "order stays as it is.",
    )  # fmt: skip
    deployment_max_places: int = count(
        1, low=0, high=20, unit="places", group=groups.POLICIES, label="Places among deployments", is_newer=True,
        help="By how many places measured success and speed may move a deployment within its model's host order. 0: it stays as "
        "it is.",
    )  # fmt: skip
    context_buffer: Decimal = number(
        "1.2", low="1", high="5", unit="times estimated tokens", group=groups.CONTEXT, label="Context buffer",
        help="Estimated tokens are multiplied by it before they are compared with the window.",
    )  # fmt: skip
    long_context_threshold: int = count(
        128_000, low=1_000, high=10_000_000, unit="tokens", group=groups.CONTEXT, label="Long context from",
        help="A task of this size or more is marked as long context.",
    )  # fmt: skip
    asks_encoder: bool = flag(
        True, group=groups.CLASSIFICATION, label="Ask the encoder", is_newer=True,
        help="A small neural network beside the gateway reads the requests of which the local table is unsure.",
    )  # fmt: skip
    encoder_threshold: Decimal = number(
        "0.65", low="0", high="1", unit="probability", group=groups.CLASSIFICATION, label="Encoder below", is_newer=True,
        help="Asked where the table gives its category less than this. 0: never, 1: always.",
    )  # fmt: skip
    encoder_deadline_ms: int = count(
        50, low=1, high=1_000, unit="milliseconds", group=groups.CLASSIFICATION, label="Encoder's deadline", is_newer=True,
        help="An encoder that takes longer is not waited for: the table decides.",
    )  # fmt: skip
    classifies_with_model: Asks = choice(
        "off", options={"off": "never", "unsure": "when unsure", "always": "always"},
        formerly={False: "off", True: "always"}, group=groups.CLASSIFICATION, label="Ask the router model", is_newer=True,
        help="Costs a small request for each that it is asked about. When it fails, what was found locally counts.",
    )  # fmt: skip
    model_threshold: Decimal = number(
        "0.5", low="0", high="1", unit="probability", group=groups.CLASSIFICATION, label="Router model below", is_newer=True,
        help="When it is asked only when unsure: where table and encoder give their category less than this.",
    )  # fmt: skip
    router_model: str = model_id(
        "openai:gpt-oss-120b", group=groups.CLASSIFICATION, label="Router model", help="The model that may classify requests."
    )  # fmt: skip
    router_max_retries: int = count(
        3, low=0, high=10, unit="retries", group=groups.CLASSIFICATION, label="Retries",
        help="How often the router model is asked again when its answer is of no use.",
    )  # fmt: skip
    router_deadline_ms: int = count(
        1_500, low=100, high=30_000, unit="milliseconds", group=groups.CLASSIFICATION, label="Deadline", is_newer=True,
        help="For all its tries together; after that what was found locally counts.",
    )  # fmt: skip
    soft_scoring: bool = flag(
        False, group=groups.SCORING, label="Soft scoring", is_newer=True,
        help="The category term is the mean of the profile's scores, each weighted by how likely its category is.",
    )  # fmt: skip
    learned_weight: Decimal = number(
        "1", low="0", high="1", unit="times", group=groups.LEARNING, label="Learned success", is_newer=True,
        help="How much of what was learned from outcomes counts beside the profile, once staff accepted it. 0: nothing.",
    )  # fmt: skip
    learns_from_prompts: bool = flag(
        False, group=groups.LEARNING, label="Learn from prompts", is_newer=True,
        help="Records keep which words of the table's vocabulary a prompt holds, so that success can be learned by them.",
    )  # fmt: skip
    rolls_out_learned: bool = flag(
        False, group=groups.LEARNING, label="Roll out what was learned", is_newer=True,
        help="Kinds of task that staff accepted before go through a guarded rollout by themselves when they are learned anew.",
    )  # fmt: skip


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
    hedge_after_ms: int | None = None
    """A second place is asked beside one that is silent for so long, once. None: never."""
    orders_by_complexity: bool = False
    """Simple tasks try the cheapest model first and complex ones the strongest."""
    shifts: tuple[tuple[str, int], ...] = ()
    """By how many places what was measured moves a model, down above 0. `models` stand where that puts them."""

    def tries_first(self, complexity: Complexity) -> TriesFirst:
        """Which models a task of this complexity tries first."""
        return BY_COMPLEXITY.get(complexity, "") if self.orders_by_complexity else ""


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
    success: Learned = field(default_factory=Learned)
    """What was learned from outcomes, by model."""


Likely = tuple[tuple[Category, Decimal], ...]
"""Categories with how likely they are, calibrated, in hundredths; the likeliest first, none of them 0."""
Weighted = tuple[tuple[Category, Decimal, Decimal], ...]
"""Categories, each with its share and a profile's score; the shares add up to 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What one reader made of a prompt."""

    by: Reader
    likely: Likely
    """The router model names a category only: it alone, with 1."""
    complexity: Complexity
    took_us: int = 0
    """Microseconds that it was waited for."""


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
    """"given" by the caller; found by the "local" table, the "encoder" or "model ID"; or "local, since ..." after a failure."""
    likely: Likely = ()
    """What it may be about, where somebody read it."""
    readings: tuple[Reading, ...] = ()
    """What each reader made of it, in the order in which they were asked, where the table was not the only one."""
    terms: tuple[int, ...] = ()
    """Numbers of the words that it holds, in their order, where a release learns from them."""

    @property
    def confidence(self) -> Decimal | None:
        """How likely the category is. None: nobody says."""
        return self.likely[0][1] if self.likely else None

    @property
    def second(self) -> Category | None:
        """The next likely category."""
        return self.likely[1][0] if len(self.likely) > 1 else None

    @property
    def read_by(self) -> Reader | Literal[""]:
        """Who found the category. Empty: it was given."""
        if self.origin == "given":
            return ""
        if self.origin.startswith("model"):
            return "model"
        return "encoder" if any(each.by == "encoder" for each in self.readings) else "table"


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
    regions: Regions = None
    """Those that a place must lie in to be called: what request, key and account have in common. None: any."""
    key_models: frozenset[str] | None = None
    """Those that the caller's key is bound to. None: any."""
    allow_internal: bool = False
    """Whether models marked internal only may answer."""
    allow_pro: bool = False
    """Whether models marked pro may answer: the account is marked for them."""
    unpriced_usd: Decimal | None = None
    """What the account is charged for an answer of a model without a price. None: such a model does not answer."""
    max_tier: CostTier | None = None
    """Models of dearer tiers may not answer: a limit pauses them. None: none does."""
    paused_by: str = ""
    """Which limit that is, for people."""
    keeps_model: bool = False
    """True in a session: its previous model answers again while it still can, unless stickiness is tuned to 0."""
    shares_decision: bool = False
    """True in a batch: its previous model is the one that was decided for once, for all of its requests that are alike."""
    rules: tuple[str, ...] = ()
    """Names of the caller's own rules that fired."""
    stand_ins: tuple[tuple[str, str], ...] = ()
    """Candidates that stand in for a retired one, each with the name that was asked for."""
    tested: tuple[int, str] | None = None
    """In which test the request takes part, by its number, and with which variant."""
    leads: Leads | None = None
    """What that variant puts first. Who is behind answers only where none of these can."""

    @property
    def takes_unpriced(self) -> bool:
        """Whether a model without a price may answer: the account has a figure for it, and the request names it and no other.
        Nobody can say of it whether it is cheap, so it is never chosen."""
        return self.unpriced_usd is not None and self.candidates is not None and len(self.candidates) == 1

    def stands_in_for(self, model: str) -> str | None:
        """The name in whose place this model answers; None where it answers as itself."""
        return dict(self.stand_ins).get(model)


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
    hosting: Hosting = UNHOSTED
    weighted: Weighted = ()
    """What the category term is the mean of, with soft scoring. Empty: it is the score of one category."""
    evidence: Evidence | None = None
    """What its learned term rests on. None: nothing was learned of any model."""


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
    policy_first: TriesFirst = ""
    """Which models of the policy went first, where it goes by complexity."""
    last_resort: str = ""
    """Why the candidates would be out if anybody else were left: their circuits. Empty: they are not."""

    @property
    def chosen(self) -> Candidate | None:
        return self.candidates[0] if self.candidates else None
