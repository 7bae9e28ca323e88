"""Prices to the last digit: by hand, and against the genai-prices package for everything that ships."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices.data_snapshot import get_snapshot
from hypothesis import given
from hypothesis import strategies as st

from models_registry.errors import ImpossibleUsage, UnknownPrice
from models_registry.pricing import ceiling, cost, mean_price, price_at, rates_for
from models_registry.static import STATIC
from models_registry.types import Deployment, Price, Rates, Tier, Usage

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)
DEPLOYMENTS = [deployment for model in STATIC.models.values() for deployment in model.deployments]
PROVIDERS = {each.id: each for each in get_snapshot().providers}
MODELS = {(provider.id, model.id): model for provider in PROVIDERS.values() for model in provider.models}


def a_price(tiers: tuple[Tier, ...] = (), effective_from: datetime = JANUARY, **rates: str | None) -> Price:
    known: dict[str, str | None] = {"input": "2", "output": "10", **rates}
    return Price(
        effective_from=effective_from,
        rates=Rates(**{name: None if rate is None else Decimal(rate) for name, rate in known.items()}),
        tiers=tiers,
        source="made up",
        dated=effective_from.date(),
    )


def a_tier(above: int, input_rate: str, output_rate: str) -> Tier:
    return Tier(above_input_tokens=above, rates=Rates(input=Decimal(input_rate), output=Decimal(output_rate)))


def theirs(deployment: Deployment, usage: Usage, when: datetime) -> Decimal:
    """What the package charges. The classes of ours do not overlap, so no cached token is also an audio token."""
    model = MODELS[deployment.provider, deployment.upstream_model]
    their_usage = TheirUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        input_audio_tokens=usage.audio_input_tokens,
        output_audio_tokens=usage.audio_output_tokens,
        cache_audio_read_tokens=0,
    )
    return model.calc_price(their_usage, PROVIDERS[deployment.provider], genai_request_timestamp=when).total_price


def boundary_usages(price: Price) -> Iterator[Usage]:
    """An ordinary request of every class, and one on each side of every tier."""
    yield Usage(input_tokens=1, output_tokens=0)
    yield Usage(input_tokens=0, output_tokens=1)
    yield Usage(input_tokens=12_345, output_tokens=678, cache_read_tokens=5_000, cache_write_tokens=1_001)
    yield Usage(input_tokens=9_999, output_tokens=777, audio_input_tokens=333, audio_output_tokens=111)
    for tier in price.tiers:
        for input_tokens in (tier.above_input_tokens, tier.above_input_tokens + 1):
            yield Usage(input_tokens=input_tokens, output_tokens=100, cache_read_tokens=99, cache_write_tokens=98)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment.id)
def test_every_price_that_ships_agrees_with_the_package_at_each_change_and_tier(deployment: Deployment) -> None:
    for price in deployment.prices:
        for when in (price.effective_from, price.effective_from + timedelta(days=1), NOW):
            in_force = price_at(deployment.prices, when)
            for usage in boundary_usages(in_force):
                assert cost(in_force, usage) == theirs(deployment, usage, when)


@given(
    deployment=st.sampled_from(DEPLOYMENTS),
    days=st.integers(-400, 400),
    parts=st.tuples(*[st.integers(0, 400_000)] * 6),
)
def test_any_usage_on_any_day_agrees_with_the_package(
    deployment: Deployment, days: int, parts: tuple[int, int, int, int, int, int]
) -> None:
    plain, cache_read, cache_write, audio_in, plain_out, audio_out = parts
    usage = Usage(
        input_tokens=plain + cache_read + cache_write + audio_in,
        output_tokens=plain_out + audio_out,
        cache_read_tokens=cache_read,
        cache_write_tokens=cache_write,
        audio_input_tokens=audio_in,
        audio_output_tokens=audio_out,
    )
    when = NOW + timedelta(days=days)
    assert cost(price_at(deployment.prices, when), usage) == theirs(deployment, usage, when)


@given(
    deployment=st.sampled_from(DEPLOYMENTS),
    bounds=st.tuples(st.integers(0, 1_000_000), st.integers(0, 200_000)),
    shares=st.tuples(*[st.floats(0, 1)] * 5),
)
def test_no_request_within_the_bounds_costs_more_than_the_ceiling(
    deployment: Deployment, bounds: tuple[int, int], shares: tuple[float, float, float, float, float]
) -> None:
    most_input, most_output = bounds
    input_tokens, output_tokens = int(most_input * shares[0]), int(most_output * shares[1])
    cache_read = int(input_tokens * shares[2])
    cache_write = int((input_tokens - cache_read) * shares[3])
    usage = Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cache_read_tokens=cache_read,
        cache_write_tokens=cache_write,
        audio_input_tokens=int((input_tokens - cache_read - cache_write) * shares[4]),
        audio_output_tokens=int(output_tokens * shares[4]),
    )
    price = price_at(deployment.prices, NOW)
    assert cost(price, usage) <= ceiling(price, most_input, most_output)


def test_each_token_class_is_charged_at_its_own_rate() -> None:
    price = a_price(cache_read="0.2", cache_write="2.5", audio_input="32", audio_output="64")
    usage = Usage(
        input_tokens=1_000,
        output_tokens=500,
        cache_read_tokens=300,
        cache_write_tokens=200,
        audio_input_tokens=100,
        audio_output_tokens=50,
    )
    # 400 x 2 + 300 x 0.2 + 200 x 2.5 + 100 x 32 + 450 x 10 + 50 x 64
    assert cost(price, usage) == Decimal("0.01226")


def test_a_class_without_a_rate_of_its_own_pays_its_parents() -> None:
    usage = Usage(input_tokens=1_000, output_tokens=100, cache_read_tokens=900, audio_output_tokens=100)
    assert cost(a_price(), usage) == Decimal("0.003")


def test_reasoning_tokens_are_output_tokens_and_not_charged_twice() -> None:
    assert cost(a_price(), Usage(input_tokens=0, output_tokens=100, reasoning_tokens=90)) == Decimal("0.001")


def test_a_tier_takes_the_whole_request_from_one_token_above_its_threshold() -> None:
    price = a_price(tiers=(a_tier(200_000, "4", "15"), a_tier(400_000, "8", "30")))
    assert cost(price, Usage(input_tokens=200_000, output_tokens=0)) == Decimal("0.4")
    assert cost(price, Usage(input_tokens=200_001, output_tokens=0)) == Decimal("0.800004")
    assert cost(price, Usage(input_tokens=400_001, output_tokens=1)) == Decimal("3.200038")


def test_the_order_of_tiers_does_not_matter() -> None:
    price = a_price(tiers=(a_tier(400_000, "8", "30"), a_tier(200_000, "4", "15")))
    assert rates_for(price, 300_000).input == Decimal(4)


def test_a_price_takes_over_at_its_moment_and_the_past_keeps_its_own() -> None:
    old, new = a_price(), a_price(effective_from=JUNE, input="1")
    assert price_at((old, new), JUNE - timedelta(microseconds=1)) is old
    assert price_at((old, new), JUNE) is new
    with pytest.raises(UnknownPrice, match="2025-12-31"):
        price_at((old, new), JANUARY - timedelta(days=1))
    with pytest.raises(UnknownPrice):
        price_at((), NOW)


def test_a_missing_rate_is_an_error_and_never_free() -> None:
    price = a_price(output=None)
    assert cost(price, Usage(input_tokens=1_000_000, output_tokens=0)) == Decimal(2)
    with pytest.raises(UnknownPrice, match="output"):
        cost(price, Usage(input_tokens=0, output_tokens=1))
    with pytest.raises(UnknownPrice, match="output"):
        ceiling(price, 1, 1)
    with pytest.raises(UnknownPrice, match="output"):
        mean_price(price)


@pytest.mark.parametrize(
    "usage",
    [
        Usage(input_tokens=10, output_tokens=0, cache_read_tokens=6, cache_write_tokens=5),
        Usage(input_tokens=10, output_tokens=1, audio_output_tokens=2),
        Usage(input_tokens=-1, output_tokens=0),
        Usage(input_tokens=10, output_tokens=0, cache_read_tokens=-1),
    ],
)
def test_counts_that_contradict_one_another_are_refused(usage: Usage) -> None:
    with pytest.raises(ImpossibleUsage):
        cost(a_price(), usage)


def test_the_ceiling_takes_the_dearest_class_and_tier_that_can_be_reached() -> None:
    price = a_price(cache_write="2.5", cache_read="0.2", tiers=(a_tier(200_000, "4", "15"),))
    assert ceiling(price, 200_000, 1_000) == Decimal("0.51")
    assert ceiling(price, 200_001, 1_000) == Decimal("0.815004")


def test_the_mean_price_is_of_base_input_and_output() -> None:
    assert mean_price(a_price(tiers=(a_tier(1, "100", "100"),))) == Decimal(6)
