"""A model of the catalogue as the pages show it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from autorouter.decision.candidates import price_now
from autorouter.decision.ranking import Rankings
from autorouter.decision.scoring import cost_tier
from autorouter.people.preferences import Preferences
from autorouter.types import CATEGORIES, Category, Profile, Score
from budgets import formats
from models_registry.prices.pricing import mean_price
from models_registry.prices.quarantine import rate
from models_registry.types import Capability, Measured, Model, Price

TAKES: dict[Capability, str] = {
    "vision": "pictures", "audio": "audio", "tools": "tools", "structured_output": "JSON schemas", "reasoning": "reasoning",
}  # fmt: skip
"""What a capability is called."""
FAILING = 0.95
"""Below this share of answers a model is said to be failing: the site's own target."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A model with what is known of it. Figures are None where nobody knows, and texts a dash."""

    model: Model
    price: Price | None
    tier: str
    profile: Profile | None
    tokens_per_second: float | None
    measured: Measured | None
    wanted: str
    """What the person's preferences say of its provider: "blocked", "preferred" or nothing."""
    rules: tuple[str, ...] = ()
    """Of the person's own rules, those that name it or its provider."""

    @property
    def id(self) -> str:
        return self.model.id

    @property
    def short(self) -> str:
        return self.model.id.partition(":")[2]

    @property
    def input_price(self) -> Decimal | None:
        return self.price.rates.input if self.price else None

    @property
    def output_price(self) -> Decimal | None:
        return self.price.rates.output if self.price else None

    @property
    def prices(self) -> tuple[str, str]:
        """Of input and output."""
        return told_price(self.input_price), told_price(self.output_price)

    def score(self, name: str) -> Decimal | None:
        """Of a category, or "quality"."""
        found = score_of(self.profile, name)
        return found.value if found else None

    @property
    def quality(self) -> str:
        return told_score(self.score("quality"))

    @property
    def speed(self) -> str:
        found = self.tokens_per_second
        return formats.NOTHING if found is None else f"{found:,.0f}"

    @property
    def success_share(self) -> float | None:
        return self.measured.success if self.measured else None

    @property
    def success(self) -> str:
        share = self.success_share
        return formats.NOTHING if share is None else formats.percent(share, 1, 1)

    @property
    def first_token_ms(self) -> int | None:
        return self.measured.ttft_ms if self.measured else None

    @property
    def first_token(self) -> str:
        return formats.duration(self.first_token_ms) if self.first_token_ms else formats.NOTHING

    @property
    def is_failing(self) -> bool:
        return self.success_share is not None and self.success_share < FAILING

    @property
    def context(self) -> str:
        return size(self.model.context_window)

    @property
    def max_output(self) -> str:
        return size(self.model.max_output)

    @property
    def takes(self) -> str:
        return ", ".join(_(word) for name, word in TAKES.items() if self.model.has(name)) or formats.NOTHING


def line(model: Model, rankings: Rankings, wanted: Preferences, now: datetime) -> Line:
    availability, price = rankings.availability, price_now(model, rankings.availability, now)
    is_whole = price is not None and price.rates.output is not None
    return Line(
        model=model, price=price, profile=rankings.router.profiles.get(model.id),
        tier=cost_tier(mean_price(price), rankings.router.config) if price and is_whole else "",
        tokens_per_second=availability.tokens_per_second.get(model.id), measured=availability.measured.get(model.id),
        wanted=_wanted(model, wanted), rules=_naming(model, wanted),
    )  # fmt: skip


def _wanted(model: Model, wanted: Preferences) -> str:
    if model.provider in wanted.blocked_providers:
        return "blocked"
    return "preferred" if model.provider in wanted.preferred_providers else ""


def _naming(model: Model, wanted: Preferences) -> tuple[str, ...]:
    found = []
    for rule in wanted.rules:
        for names in (rule.allow, rule.block, rule.prefer):
            if names and (model.id in names.models or model.provider in names.providers):
                found.append(rule.name)
    return tuple(found)


def score_of(profile: Profile | None, name: str) -> Score | None:
    """Of a category, or "quality"."""
    if profile is None:
        return None
    return profile.quality if name == "quality" else profile.categories.get(name)  # type: ignore[call-overload]


def told_score(value: Decimal | None) -> str:
    return formats.NOTHING if value is None else f"{value:.1f}"


def told_price(value: Decimal | None) -> str:
    return formats.NOTHING if value is None else rate(value)


def size(tokens: int) -> str:
    """Of a window: 131k, 1.0M."""
    return f"{tokens / 1e6:.1f}M" if tokens >= 999_500 else f"{tokens / 1e3:.0f}k" if tokens >= 1_000 else str(tokens)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreBar:
    """A score of a model with where it is from."""

    name: str
    value: str
    width: str
    source: str
    dated: str
    is_estimated: bool


def score_bars(profile: Profile | None) -> Sequence[ScoreBar]:
    names: Sequence[Category | str] = ("quality", *CATEGORIES)
    found = [(name, score_of(profile, name)) for name in names]
    return [
        ScoreBar(
            name=name, value=told_score(score.value), width=f"{score.value}%", source=score.source, dated=score.dated,
            is_estimated=score.is_estimated,
        )
        for name, score in found
        if score
    ]  # fmt: skip
