"""The router configuration that ships: the mission's numbers, the given profiles, and where the others are from."""

from datetime import date
from decimal import Decimal

import pytest

from autorouter.configuration.release0 import BOARD_NAMES, GIVEN, STATIC
from autorouter.types import CATEGORIES, Profile, Score
from models_registry.catalogue.release0 import STATIC as CATALOGUE

TODAY = date(2026, 11, 21)


def scores_of(profile: Profile) -> list[Score]:
    return [score for score in (profile.quality, *profile.categories.values()) if score]


def values(model: str) -> tuple[int, list[int]]:
    profile = STATIC.profiles[model]
    assert profile.quality
    return int(profile.quality.value), [int(profile.categories[category].value) for category in CATEGORIES]


def test_the_given_profiles_are_as_given_and_say_so() -> None:
    assert values("openai:gpt-5") == (95, [95, 95, 90, 92, 94, 88, 85, 90])
    assert values("anthropic:claude-sonnet-4") == (92, [94, 93, 95, 90, 92, 94, 88, 88])
    for model in GIVEN:
        sources = {(score.source, score.is_estimated) for score in scores_of(STATIC.profiles[model])}
        assert sources == {("RouterHub static configuration (given)", False)}


def test_at_least_60_models_have_all_nine_scores() -> None:
    whole = [profile.model for profile in STATIC.profiles.values() if len(scores_of(profile)) == 9]
    assert len(whole) >= 60


def test_every_profile_is_of_a_model_in_the_catalogue() -> None:
    assert set(STATIC.profiles) <= set(CATALOGUE.models)
    assert set(STATIC.profiles) == {*BOARD_NAMES, *GIVEN}


def test_every_measured_score_credits_arena_and_its_licence_and_has_a_date() -> None:
    for model in BOARD_NAMES:
        for score in scores_of(STATIC.profiles[model]):
            assert "Arena " in score.source
            assert "(arena.ai, CC BY 4.0)" in score.source
            assert score.is_estimated == score.source.startswith("Imputed from")
            assert date.fromisoformat(score.dated) == date(2026, 10, 5)


def test_factual_knowledge_is_always_an_estimate_and_research_nearly_always() -> None:
    rated = [STATIC.profiles[model].categories for model in BOARD_NAMES]
    assert all(scores["factual"].is_estimated for scores in rated if "factual" in scores)
    research = [scores["research"].is_estimated for scores in rated]
    assert 0 < research.count(False) < len(research) / 3


def test_a_host_of_the_same_weights_has_the_same_profile() -> None:
    assert values("groq:gpt-oss-120b") == values("cerebras:gpt-oss-120b") == values("openai:gpt-oss-120b")


def test_the_configuration_holds_the_numbers_of_the_specification() -> None:
    config = STATIC.config
    assert (config.stickiness_bonus, config.reasoning_bonus, config.research_bonus) == (
        Decimal(25),
        Decimal(15),
        Decimal(25),
    )
    assert (config.simple_penalty, config.complex_multiplier) == (Decimal("0.7"), Decimal("1.2"))
    assert (config.complex_threshold, config.cheap_below, config.mid_below) == (Decimal(85), Decimal(1), Decimal(5))
    assert {name: [str(weight) for weight in row.values()] for name, row in config.tier_weights.items()} == {
        "simple": ["0.6", "0.25", "0.15"],
        "moderate": ["0.5", "0.3", "0.2"],
        "complex": ["0.3", "0.4", "0.3"],
    }
    assert {pattern: int(points) for pattern, points in config.speed_bonuses.items()} == {
        "cerebras": 12, "groq": 10, "flash": 8, "fast": 8, "nano": 10, "lite": 10, "lightning": 12,
        "thinking": -5, "extended-thinking": -8,
    }  # fmt: skip
    assert (config.router_model, config.router_max_retries) == ("openai:gpt-oss-120b", 3)
    assert (config.context_buffer, config.long_context_threshold) == (Decimal("1.2"), 128_000)


def test_task_types_go_to_the_policies_of_the_specification() -> None:
    assert STATIC.task_types == {
        "investigate_error": "code",
        "deploy_code": "code",
        "fix_bug": "code",
        "repair": "code",
        "investigate": "code",
        "analyze_code": "code",
        "analyze_logs": "normal",
        "analyze_errors": "normal",
        "report": "normal",
        "simple_query": "ops",
        "health_check": "ops",
    }


@pytest.mark.parametrize(
    ("name", "max_usd", "tokens", "temperature"),
    [
        ("normal", "0.10", 4_000, "0.7"),
        ("deep_research", "1.00", None, None),
        ("code", "0.50", None, None),
        ("ops", "0.01", None, None),
    ],
)
def test_the_four_policies_have_their_limits(
    name: str, max_usd: str, tokens: int | None, temperature: str | None
) -> None:
    policy = STATIC.policies[name]
    assert policy.max_cost_usd == Decimal(max_usd)
    assert policy.max_output_tokens == tokens
    assert policy.temperature == (None if temperature is None else Decimal(temperature))


@pytest.mark.parametrize("name", STATIC.policies)
def test_a_policy_names_models_that_can_be_chosen_for_another_quarter(name: str) -> None:
    for identifier in STATIC.policies[name].models:
        model = CATALOGUE.models[identifier]
        assert model.is_available
        assert not model.is_deprecated(date(2027, 2, 21))
