"""The score of one candidate, term by term: mission section 2, "Scoring", in its own order and exact arithmetic."""

from collections.abc import Mapping
from decimal import Decimal

from autorouter.types import CostTier, Profile, RouterConfig, Task, Terms
from models_registry.types import Model

UNKNOWN_SCORE = Decimal(70)
"""Category and quality score of a model that has no profile."""
UNKNOWN_WEIGHT = Decimal("0.33")
"""Weight of a complexity and tier that the configuration does not list."""
RESEARCH_PROVIDER = "perplexity"
ONE, NOTHING = Decimal(1), Decimal(0)


def cost_tier(mean_price: Decimal, config: RouterConfig) -> CostTier:
    """The tier of a mean price in USD per 1M tokens. A price on a threshold is in the dearer tier."""
    if mean_price < config.cheap_below:
        return "cheap"
    return "mid" if mean_price < config.mid_below else "premium"


def quality_of(profile: Profile | None) -> Decimal:
    return profile.quality.value if profile and profile.quality else UNKNOWN_SCORE


def speed_bonus(model_id: str, bonuses: Mapping[str, Decimal]) -> Decimal:
    """The sum over every pattern that the lower-cased id contains."""
    lowered = model_id.lower()
    return sum((points for pattern, points in bonuses.items() if pattern in lowered), NOTHING)


def category_score(task: Task, profile: Profile | None) -> Decimal:
    """How good a profile is at a task's category, 0 to 100."""
    score = profile.categories.get(task.category) if profile else None
    return score.value if score else UNKNOWN_SCORE


def _complexity_factor(task: Task, profile: Profile | None, config: RouterConfig) -> Decimal:
    if task.complexity == "simple":
        return config.simple_penalty
    if task.complexity == "complex" and quality_of(profile) >= config.complex_threshold:
        return config.complex_multiplier
    return ONE


def terms(
    model: Model, profile: Profile | None, tier: CostTier, task: Task, previous_model: str | None, config: RouterConfig
) -> Terms:
    """Every term of the score of `model` for `task`."""
    reasons = task.complexity == "complex" and model.supports_reasoning
    researches = task.category == "research" and model.provider == RESEARCH_PROVIDER
    return Terms(
        category=category_score(task, profile),
        stickiness=config.stickiness_bonus if model.id == previous_model else NOTHING,
        reasoning=config.reasoning_bonus if reasons else NOTHING,
        research=config.research_bonus if researches else NOTHING,
        complexity_factor=_complexity_factor(task, profile, config),
        tier_weight=config.tier_weights.get(task.complexity, {}).get(tier, UNKNOWN_WEIGHT),
        speed=speed_bonus(model.id, config.speed_bonuses),
    )
