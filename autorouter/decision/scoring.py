"""The score of one candidate, term by term: mission section 2, "Scoring", in its own order and exact arithmetic."""

from collections.abc import Mapping
from decimal import Decimal

from autorouter.decision.terms import Terms
from autorouter.types import Category, CostTier, Likely, Profile, RouterConfig, Task, Weighted
from models_registry.types import Model

UNKNOWN_SCORE = Decimal(70)
"""Category and quality score of a model that has no profile."""
UNKNOWN_WEIGHT = Decimal("0.33")
"""Weight of a complexity and tier that the configuration does not list."""
RESEARCH: Category = "research"
RESEARCH_PROVIDER = "perplexity"
ONE, NOTHING = Decimal(1), Decimal(0)
WHOLE = 100
HUNDREDTHS = tuple(Decimal(step) / WHOLE for step in range(WHOLE + 1))
Shares = tuple[tuple[Category, int], ...]
"""Categories with their hundredths, which add up to WHOLE."""


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
    return score_in(task.category, profile)


def score_in(category: Category, profile: Profile | None) -> Decimal:
    score = profile.categories.get(category) if profile else None
    return score.value if score else UNKNOWN_SCORE


def shares(likely: Likely) -> Shares:
    """Probabilities as whole hundredths that add up to 1, in their order: what is missing or too much is spread over all by their
    size, and what is left of that goes to the largest remainders. Empty where one category alone has a share."""
    hundredths = [int(100 * share) for _, share in likely]
    total = sum(hundredths)
    if total != WHOLE and total:
        parts = [divmod(WHOLE * each, total) for each in hundredths]
        hundredths = [each for each, _ in parts]
        by_remainder = sorted(range(len(parts)), key=lambda at: -parts[at][1])
        for at in by_remainder[: WHOLE - sum(hundredths)]:
            hundredths[at] += 1
    found = [(name, each) for (name, _), each in zip(likely, hundredths, strict=True) if each]
    return tuple(found) if len(found) > 1 else ()


def weighted(given: Shares, profile: Profile | None) -> Weighted:
    """A profile's score in each of these categories, with its share."""
    return tuple([(name, HUNDREDTHS[share], score_in(name, profile)) for name, share in given])


def mean(scores: Weighted) -> Decimal:
    """Exact, since shares are hundredths."""
    return sum([share * score for _, share, score in scores], NOTHING)


def expected_score(task: Task, profile: Profile | None) -> Decimal:
    """How good a profile is at a task, whatever category that is of: the mean by what is known of its categories."""
    return mean(weighted(given, profile)) if (given := shares(task.likely)) else category_score(task, profile)


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
    researches = task.category == RESEARCH and model.provider == RESEARCH_PROVIDER
    return Terms(
        category=category_score(task, profile),
        stickiness=config.stickiness_bonus if model.id == previous_model else NOTHING,
        reasoning=config.reasoning_bonus if reasons else NOTHING,
        research=config.research_bonus if researches else NOTHING,
        complexity_factor=_complexity_factor(task, profile, config),
        tier_weight=config.tier_weights.get(task.complexity, {}).get(tier, UNKNOWN_WEIGHT),
        speed=speed_bonus(model.id, config.speed_bonuses),
    )


def softened(level: Terms, scores: Weighted, is_research: bool) -> Terms:
    """The terms of a research task with the mean of several categories, and without the bonus where the task is no research."""
    return Terms(
        category=mean(scores),
        stickiness=level.stickiness,
        reasoning=level.reasoning,
        research=level.research if is_research else NOTHING,
        complexity_factor=level.complexity_factor,
        tier_weight=level.tier_weight,
        speed=level.speed,
    )
