"""The catalogue that ships: how much of it there is, and that its figures are the sources' own."""

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ConditionalPrice, StartDateConstraint, TieredPrices

from models_registry.catalogue.release0 import STATIC
from models_registry.prices.pricing import mean_price, price_at
from models_registry.types import Deployment, Model, Rates

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
THEIR_NAMES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "web_searches": "web_searches_kcount",
    "audio_input": "input_audio_mtok",
    "audio_output": "output_audio_mtok",
}
PER_REQUEST = {"requests_kcount"}
DEPLOYMENTS = [deployment for model in STATIC.models.values() for deployment in model.deployments]
CHAT = [model for model in STATIC.models.values() if model.kind == "chat"]
EMBEDDING = [model for model in STATIC.models.values() if model.kind == "embedding"]
CHOOSABLE = [model for model in CHAT if model.is_available and not model.is_deprecated(TODAY)]


def tier_of(model: Model) -> str:
    mean = mean_price(price_at(model.deployments[0].prices, NOW))
    return "cheap" if mean < 1 else "mid" if mean < 5 else "premium"


def their_rows(deployment: Deployment) -> list[ConditionalPrice]:
    provider = next(each for each in get_snapshot().providers if each.id == deployment.provider)
    model = next(each for each in provider.models if each.id == deployment.upstream_model)
    return model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]


def their_rate(value: TieredPrices | Decimal | None, above: int) -> Decimal | None:
    """The package's rate of one class for requests of more than `above` input tokens; base rate at 0."""
    if not isinstance(value, TieredPrices):
        return value
    reached = [tier.price for tier in value.tiers if tier.start <= above]
    return reached[-1] if above and reached else value.base


def test_at_least_45_models_of_at_least_16_makers_ship() -> None:
    assert len(CHAT) >= 45
    assert len({model.provider for model in CHAT}) >= 16
    assert STATIC.release == 0


def test_enough_of_them_can_be_chosen_in_each_cost_tier() -> None:
    tiers = Counter(tier_of(model) for model in CHOOSABLE)
    assert {tier: count >= 10 for tier, count in tiers.items()} == {"cheap": True, "mid": True, "premium": True}


@pytest.mark.parametrize("identifier", ["openai:gpt-5", "anthropic:claude-sonnet-4", "openai:gpt-oss-120b"])
def test_the_models_that_the_configuration_names_can_be_chosen(identifier: str) -> None:
    assert STATIC.models[identifier] in CHOOSABLE


@pytest.mark.parametrize("pattern", ["cerebras", "groq", "flash", "fast", "nano", "lite", "lightning", "thinking"])
def test_a_real_model_carries_each_word_of_the_speed_bonuses(pattern: str) -> None:
    assert [model.id for model in CHOOSABLE if pattern in model.id.lower()]


def test_there_are_models_that_see_that_hear_that_search_and_that_are_small() -> None:
    assert sum(model.has("vision") for model in CHOOSABLE) >= 20
    assert [model.id for model in CHOOSABLE if model.has("audio")]
    assert [model.id for model in CHOOSABLE if model.provider == "perplexity"]
    assert min(model.context_window for model in CHOOSABLE) <= 16_384


def test_some_are_already_deprecated_and_name_a_successor_that_is_not() -> None:
    deprecated = [model for model in STATIC.models.values() if model.is_deprecated(TODAY)]
    assert deprecated
    for model in deprecated:
        assert STATIC.models[model.successor] in CHOOSABLE


def test_every_model_is_described_and_says_where_its_facts_are_from() -> None:
    for model in STATIC.models.values():
        assert model.description
        assert model.user_description
        assert model.best_for
        assert model.source
        assert model.description != model.user_description
        assert model.has("streaming") == (model.kind == "chat")


def test_every_source_of_a_model_says_of_which_day_it_is() -> None:
    for model in STATIC.models.values():
        for part in model.source.split("; "):
            assert date.fromisoformat(part.split(" (")[0][-10:]) <= TODAY, (model.id, part)
        assert bool(model.knowledge_cutoff) == ("knowledge cutoff: " in model.source), model.id


def test_nearly_every_model_has_benchmarks_each_with_its_source_and_date() -> None:
    measured = [model for model in STATIC.models.values() if model.benchmarks]
    assert len(measured) >= 85
    figures = [(name, figure) for model in measured for name, figure in model.benchmarks.items()]
    assert all("arena.ai, CC BY 4.0" in figure["source"] for name, figure in figures if name.startswith("Arena "))
    assert {date.fromisoformat(figure["dated"]) <= TODAY for _, figure in figures} == {True}


@pytest.mark.parametrize(
    ("retired", "price"),
    [
        ("openai:gpt-3.5-turbo", ("0.5", "1.5")),
        ("openai:gpt-4", ("30", "60")),
        ("anthropic:claude-3-5-sonnet", ("3", "15")),
        ("anthropic:claude-3-opus", ("15", "75")),
    ],
)
def test_well_known_retired_models_are_there_with_their_last_prices(retired: str, price: tuple[str, str]) -> None:
    model = STATIC.models[retired]
    rates = price_at(model.deployments[0].prices, NOW).rates
    assert (str(rates.input), str(rates.output)) == price
    assert model.is_deprecated(TODAY)
    assert not STATIC.models[model.successor].is_pro, "the successor answers everybody"


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment.id)
def test_every_deployment_has_a_price_now_an_address_and_a_key(deployment: Deployment) -> None:
    provider = STATIC.providers[deployment.provider]
    assert provider.protocol == (provider.name if provider.name in {"anthropic", "google"} else "openai")
    assert provider.base_url.startswith("https://")
    assert provider.credential_env.endswith("_API_KEY")
    rates = price_at(deployment.prices, NOW).rates
    assert rates.input
    assert rates.input > 0


@pytest.mark.parametrize("model", CHAT, ids=lambda model: model.id)
def test_every_place_of_a_chat_model_has_a_price_for_output(model: Model) -> None:
    assert all(mean_price(price_at(deployment.prices, NOW)) > 0 for deployment in model.deployments)


def test_at_least_eight_embedding_models_ship_and_one_of_them_is_served_twice() -> None:
    assert len(EMBEDDING) >= 8
    assert {model.provider for model in EMBEDDING} >= {"openai", "google", "cohere", "mistral"}
    assert any(len(model.deployments) > 1 for model in EMBEDDING)


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("claude-haiku-4-5", "anthropic:claude-haiku-4-5"),
        ("claude-haiku-4-5-20251001", "anthropic:claude-haiku-4-5"),
        ("claude-sonnet-4-5", "anthropic:claude-sonnet-4-5"),
        ("claude-sonnet-4-20250514", "anthropic:claude-sonnet-4"),
        ("gpt-4o-mini", "openai:gpt-4o-mini"),
        ("gpt-4o-mini-2024-07-18", "openai:gpt-4o-mini"),
        ("gpt-5", "openai:gpt-5"),
        ("gpt-oss-120b", "openai:gpt-oss-120b"),
        ("gemini-3.1-pro-preview", "google:gemini-3.1-pro"),
        ("mistral-small-latest", "mistral:mistral-small"),
        ("text-embedding-3-small", "openai:text-embedding-3-small"),
    ],
)
def test_the_names_that_clients_send_of_their_own_are_known(name: str, identifier: str) -> None:
    assert STATIC.names[name] == identifier


def test_a_snapshot_at_another_price_is_no_name_of_its_model() -> None:
    assert "gpt-4o-2024-05-13" not in STATIC.names


def test_what_a_maker_calls_its_own_model_is_a_name_of_it() -> None:
    own = [
        (deployment.upstream_model, model.id)
        for model in STATIC.models.values()
        for deployment in model.deployments
        if deployment.provider == model.provider not in {"groq", "cerebras"}
    ]
    assert len(own) > 50
    assert {name: STATIC.names[name] for name, _ in own} == dict(own)


def test_openai_takes_the_output_limit_under_its_newer_name() -> None:
    """Its reasoning models refuse the older one, which all the others know."""
    newer = [each.name for each in STATIC.providers.values() if each.output_limit_field == "max_completion_tokens"]
    assert newer == ["openai"]


def test_no_provider_claims_zero_retention_without_a_source() -> None:
    assert not [provider.name for provider in STATIC.providers.values() if provider.is_zero_retention]


def test_a_maker_that_serves_its_model_comes_before_openrouter() -> None:
    for model in STATIC.models.values():
        providers = [deployment.provider for deployment in model.deployments]
        assert "openrouter" not in providers[:-1]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment.id)
def test_every_row_is_the_packages_own_to_the_last_digit(deployment: Deployment) -> None:
    rows = their_rows(deployment)
    assert len(deployment.prices) == len(rows)
    for price, row in zip(deployment.prices, rows, strict=True):
        start = row.constraint.start_date if isinstance(row.constraint, StartDateConstraint) else date(2020, 1, 1)
        assert price.effective_from == datetime.combine(start, datetime.min.time(), UTC)
        assert price.source == f"genai-prices {genai_prices.__version__}"
        levels: list[tuple[int, Rates]] = [(0, price.rates), *((t.above_input_tokens, t.rates) for t in price.tiers)]
        for above, rates in levels:
            for ours, name in THEIR_NAMES.items():
                assert getattr(rates, ours) == their_rate(getattr(row.prices, name), above), (above, ours)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment.id)
def test_no_deployment_charges_by_the_request_or_the_hour_which_a_price_cannot_say(deployment: Deployment) -> None:
    for row in their_rows(deployment):
        charged = {name for name, value in vars(row.prices).items() if value is not None}
        assert not charged & PER_REQUEST
        assert row.constraint is None or isinstance(row.constraint, StartDateConstraint)


@pytest.mark.parametrize(
    ("maker", "address", "credential"),
    [
        ("anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY"),
        ("google", "https://generativelanguage.googleapis.com/v1beta", "GEMINI_API_KEY"),
    ],
)
def test_a_makers_own_api_is_spoken_in_its_own_dialect_and_asked_before_others(
    maker: str, address: str, credential: str
) -> None:
    provider = STATIC.providers[maker]
    assert (provider.protocol, provider.base_url, provider.credential_env) == (maker, address, credential)
    places = [
        [each.provider for each in model.deployments] for model in STATIC.models.values() if model.provider == maker
    ]
    assert sum(maker in hosts for hosts in places) >= 9
    assert all(hosts[0] == maker for hosts in places if maker in hosts)
