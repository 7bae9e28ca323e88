"""What can be called, as frozen values. Money is Decimal USD, prices are USD per 1M tokens, sizes are tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from models_registry.names import names_of

Capability = Literal["vision", "tools", "audio", "structured_output", "streaming", "reasoning"]
Kind = Literal["chat", "embedding"]
Protocol = Literal["openai", "openai-responses", "anthropic", "google"]
OutputLimitField = Literal["max_tokens", "max_completion_tokens"]
Status = Literal["available", "degraded", "down"]
SpeedTier = Literal["instant", "fast", "standard", "slow"]

SANDBOX = "sandbox"
"""Name of the provider that answers for every model while no real one has a key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """USD per 1M tokens by token class. None: the provider lists no separate price for that class."""

    input: Decimal | None
    output: Decimal | None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    """Of what a cache keeps for an hour and not for minutes."""
    audio_input: Decimal | None = None
    audio_output: Decimal | None = None
    reasoning: Decimal | None = None
    requests: Decimal | None = None
    """USD per 1,000 requests, beside the tokens."""
    web_searches: Decimal | None = None
    """USD per 1,000 searches of the web that the provider makes for an answer, beside the tokens."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tier:
    """Rates of a whole request whose input is larger than `above_input_tokens`."""

    above_input_tokens: int
    rates: Rates


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What a deployment costs from `effective_from` on, until a later row takes over. Rows are added, never edited."""

    effective_from: datetime
    rates: Rates
    tiers: tuple[Tier, ...] = ()
    source: str
    """Where the figure is from, with its version or address."""
    dated: date
    """The day on which the source said so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Tokens of one answer. `cache_*` and `audio_input_*` are parts of the input, the others of the output."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    """Part of `cache_write_tokens`."""
    audio_input_tokens: int = 0
    audio_output_tokens: int = 0
    reasoning_tokens: int = 0
    web_searches: int = 0
    """No tokens: how often the provider searched."""
    is_estimated: bool = False
    """True when the upstream did not report usage and it was counted here."""
    reported_cost_nano: int | None = None
    """What the upstream itself says that it costs, in nano-dollars. None: it does not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extras:
    """What a request may cause beside plain tokens; others are not held as much for."""

    web_searches: int = 0
    """At most so many."""
    searched_by: str = field(default="", compare=False)
    """What asks for them, as the client names it."""
    has_hour_cache: bool = False
    """Whether it may write into a cache that keeps for an hour."""


NO_EXTRAS = Extras()


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """Who serves models: the address, the protocol spoken there and the environment variable with its key."""

    name: str
    title: str
    protocol: Protocol
    base_url: str
    credential_env: str
    """Empty where no key is needed (a server of one's own)."""
    output_limit_field: OutputLimitField = "max_tokens"
    """Under which name the limit of an answer is heard there."""
    is_local: bool = False
    is_zero_retention: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderKey:
    """A key by which a provider is called."""

    label: str
    """What it is called in records and on pages. Empty where no key is needed."""
    secret: str = field(repr=False)
    id: str
    """Another one as soon as the secret is changed. It tells nothing of it."""
    mark: str = ""
    """What of the id stands for the secret."""
    origin: str | None = None
    """Scheme and host of the address that it was given for: it is sent nowhere else. None: wherever the environment says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """One place where a model is served, under the name used there."""

    provider: str
    upstream_model: str
    status: Status = "available"
    regions: tuple[str, ...] = ()
    """Everywhere that what is sent there may be processed. Empty: nobody knows."""
    prices: tuple[Price, ...] = ()
    """Oldest first."""

    @property
    def id(self) -> str:
        return f"{self.provider}/{self.upstream_model}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A model that can be asked for as `provider:name`."""

    id: str
    provider: str
    """The maker, the part of the id before the colon."""
    kind: Kind = "chat"
    """What it gives: answers, or vectors, which the router never chooses between."""
    name: str
    """Name for people, e.g. "GPT-5"."""
    aliases: tuple[str, ...] = ()
    """Further names that it is asked for by, such as its maker's own and those of its dated snapshots."""
    description: str = ""
    user_description: str = ""
    best_for: str = ""
    context_window: int
    """Tokens that prompt and answer may have together."""
    max_output: int
    capabilities: frozenset[Capability] = frozenset()
    """Without "reasoning", which is `supports_reasoning`."""
    supports_reasoning: bool = False
    deployments: tuple[Deployment, ...] = ()
    """In the order in which they are tried."""
    knowledge_cutoff: str = ""
    speed_tier: SpeedTier = "standard"
    is_pro: bool = False
    is_internal_only: bool = False
    is_experimental: bool = False
    is_available: bool = True
    deprecated_from: date | None = None
    successor: str = ""
    """Id of the model to use after `deprecated_from`."""
    benchmarks: Mapping[str, Any] = field(default_factory=dict)
    """Name to {"value", "source", "dated"}: a number, who says so, and on which day."""
    source: str = ""
    """Where window, output, capabilities and knowledge cutoff are from, and when."""

    def is_deprecated(self, today: date) -> bool:
        return self.deprecated_from is not None and self.deprecated_from <= today

    def has(self, need: Capability) -> bool:
        return self.supports_reasoning if need == "reasoning" else need in self.capabilities


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """One release of the catalogue line. Release 0 ships with the code."""

    release: int
    providers: Mapping[str, Provider]
    models: Mapping[str, Model]

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Every name that a model is asked for by, with its id."""
        return names_of({name: model.aliases for name, model in self.models.items()})


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """What probes found, by deployment id ("provider/name there"), beside the status that staff set."""

    down: frozenset[str] = frozenset()
    degraded: frozenset[str] = frozenset()


HEALTHY = Health()


ALL_MODELS = "*"
"""In the place of a model: all of them together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """How a model, or one deployment of it, did lately. See analytics.measuring.estimates."""

    calls: int
    """At least so many were made, each counting the less the longer it is ago."""
    success: float
    """The share of them that answered; while they are few, drawn towards the next wider figure."""
    expected_ms: int
    """Mean time of a whole answer, drawn in the same way."""
    ttft_ms: int | None = None
    """Mean time to the first token of the answers that streamed."""


Facts = tuple[Mapping[str, int], Mapping[str, float], Mapping[str, Measured]]
"""The last three fields of Availability."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Availability:
    """What can be called at this moment, why the rest cannot, and how models did lately."""

    providers: frozenset[str]
    """Providers with a key (or that need none)."""
    sandbox: bool
    """True: the sandbox provider answers for every model."""
    open_circuits: Mapping[str, str] = field(default_factory=dict)
    """Deployment ids that failed too often lately or have used their limit up, with since when and why."""
    health: Health = field(default_factory=lambda: HEALTHY)
    latency_ms: Mapping[str, int] = field(default_factory=dict)
    """Measured mean answer time by model id, and by deployment id; what has no measurement is missing."""
    tokens_per_second: Mapping[str, float] = field(default_factory=dict)
    """Measured output of an answer, by the same."""
    measured: Mapping[str, Measured] = field(default_factory=dict)
    """What is known beside, by the same and of ALL_MODELS."""

    def latency_at(self, model: Model, deployment: Deployment) -> int | None:
        """The measured answer time of a deployment, or else of its model."""
        return self.latency_ms.get(deployment.id, self.latency_ms.get(model.id))

    def expected_at(self, model: Model, deployment: Deployment | None) -> int:
        """The time to expect of an answer: by the deployment, or else its model, or else all; 0 where nothing was measured."""
        names = (deployment.id if deployment else "", model.id, ALL_MODELS)
        return next((self.measured[name].expected_ms for name in names if name in self.measured), 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One call of one deployment. `error` is empty where it answered; times are milliseconds."""

    deployment: str
    model: str
    provider: str
    started_at: datetime
    latency_ms: int
    ttft_ms: int | None = None
    status: int | None = None
    """HTTP status, None where no answer came."""
    error: str = ""
    key: str = ""
    """The label of the provider's key."""
    cost_nano: int = 0
    """Nano-dollars that it was charged although it failed: what was sent and seen of it."""
    is_hedge: bool = False
    """It was begun beside another one that was slow."""
    was_cut: bool = False
    """Nobody waited for its answer any more, which says nothing of the place."""
