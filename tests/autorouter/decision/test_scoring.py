from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autorouter.decision.scoring import cost_tier, speed_bonus, terms
from autorouter.decision.terms import Terms
from autorouter.types import CATEGORIES, COMPLEXITIES
from tests.autorouter.fakes import config, model, profile, task

GPT_5 = profile("openai:gpt-5", "95", coding="95", reasoning="95", research="90")


@pytest.mark.parametrize(
    ("mean_price", "tier"),
    [("0", "cheap"), ("0.999999", "cheap"), ("1", "mid"), ("4.999999", "mid"), ("5", "premium"), ("90", "premium")],
)
def test_a_price_on_a_threshold_is_in_the_dearer_tier(mean_price: str, tier: str) -> None:
    assert cost_tier(Decimal(mean_price), config()) == tier


def test_a_lower_cheap_threshold_turns_a_cheap_model_mid() -> None:
    assert cost_tier(Decimal("0.7"), config()) == "cheap"
    assert cost_tier(Decimal("0.7"), config(cheap_below=Decimal("0.5"))) == "mid"


@pytest.mark.parametrize(
    ("model_id", "points"),
    [
        ("openai:gpt-5", "0"),
        ("Google:Gemini-3-FLASH-Lite", "18"),
        ("anthropic:claude-extended-thinking", "-13"),
        ("qwen:thinking", "-5"),
        ("groq:lightning-fast-flash-nano-lite-cerebras", "70"),
    ],
)
def test_every_pattern_in_the_lowered_id_counts(model_id: str, points: str) -> None:
    assert speed_bonus(model_id, config().speed_bonuses) == Decimal(points)


def score(**changes: object) -> Terms:
    tier = changes.pop("tier", "premium")
    previous = changes.pop("previous_model", None)
    known = changes.pop("profile", GPT_5)
    candidate = model("openai:gpt-5", supports_reasoning=bool(changes.pop("supports_reasoning", False)))
    return terms(candidate, known, tier, task(**changes), previous, config())  # type: ignore[arg-type]


def test_a_moderate_task_takes_the_category_score_times_the_tier_weight() -> None:
    assert score().score == Decimal("95") * Decimal("0.20")


def test_without_a_profile_the_category_score_is_70() -> None:
    assert score(profile=None, tier="cheap").score == Decimal("70") * Decimal("0.50")


def test_without_a_score_in_the_category_it_is_70_whatever_the_quality() -> None:
    assert score(category="creative").category == 70


def test_the_previous_model_gets_the_stickiness_bonus_before_the_factors() -> None:
    assert score(previous_model="openai:gpt-5").score == (95 + 25) * Decimal("0.20")
    assert score(previous_model="openai:gpt-5-mini").stickiness == 0


def test_only_a_complex_task_and_a_reasoning_model_get_the_reasoning_bonus() -> None:
    assert score(complexity="complex", supports_reasoning=True).reasoning == 15
    assert score(complexity="moderate", supports_reasoning=True).reasoning == 0
    assert score(complexity="complex", supports_reasoning=False).reasoning == 0


def test_only_perplexity_gets_the_research_bonus_and_only_for_research() -> None:
    sonar = model("perplexity:sonar")
    assert terms(sonar, None, "mid", task(category="research"), None, config()).research == 25
    assert terms(sonar, None, "mid", task(category="factual"), None, config()).research == 0
    assert score(category="research").research == 0


def test_a_simple_task_takes_the_penalty_on_the_whole_sum() -> None:
    assert score(complexity="simple", previous_model="openai:gpt-5").score == 120 * Decimal("0.7") * Decimal("0.15")


@pytest.mark.parametrize(("quality", "factor"), [("84.99", "1"), ("85", "1.2"), ("95", "1.2"), (None, "1")])
def test_a_complex_task_boosts_models_from_the_threshold_on(quality: str | None, factor: str) -> None:
    known = profile("openai:gpt-5", quality, coding="90")
    assert score(complexity="complex", profile=known).complexity_factor == Decimal(factor)


def test_an_unknown_quality_counts_as_70() -> None:
    boosted = terms(
        model("a:b"), None, "mid", task(complexity="complex"), None, config(complex_threshold=Decimal("70"))
    )
    assert boosted.complexity_factor == Decimal("1.2")


def test_a_weight_that_the_configuration_lacks_is_a_third() -> None:
    assert terms(model("a:b"), None, "mid", task(), None, config(tier_weights={})).tier_weight == Decimal("0.33")


def test_speed_is_added_after_all_factors() -> None:
    flash = model("google:gemini-flash")
    assert terms(flash, None, "cheap", task(complexity="simple"), None, config()).score == (
        Decimal("70") * Decimal("0.7") * Decimal("0.60") + 8
    )


@given(
    st.sampled_from(CATEGORIES),
    st.sampled_from(COMPLEXITIES),
    st.booleans(),
    st.booleans(),
    st.decimals("0", "100", places=2),
    st.decimals("0", "100", places=2),
)
def test_the_score_is_the_missions_formula_to_the_last_digit(
    category: str, complexity: str, reasons: bool, sticky: bool, quality: Decimal, value: Decimal
) -> None:
    known = profile("perplexity:x-nano", str(quality), **{category: str(value)})
    candidate = model("perplexity:x-nano", supports_reasoning=reasons)
    asked = task(category=category, complexity=complexity)
    expected = value
    expected += 25 if sticky else 0
    expected += 15 if complexity == "complex" and reasons else 0
    expected += 25 if category == "research" else 0
    if complexity == "simple":
        expected *= Decimal("0.7")
    if complexity == "complex" and quality >= 85:
        expected *= Decimal("1.2")
    expected *= {"simple": Decimal("0.25"), "moderate": Decimal("0.3"), "complex": Decimal("0.4")}[complexity]
    expected += 10
    got = terms(candidate, known, "mid", asked, "perplexity:x-nano" if sticky else None, config())
    assert got.score == expected
