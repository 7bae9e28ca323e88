"""Prices to the last digit: by hand, and against the genai-prices package for everything that ships."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices.data_snapshot import get_snapshot
from hypothesis import given
from hypothesis import strategies as st

from models_registry.catalogue.release0 import STATIC
from models_registry.errors import ImpossibleUsage, UnknownPrice
from models_registry.prices.pricing import ceiling, cost, mean_price, price_at, rates_for
from models_registry.prices.sources import genai
from models_registry.prices.sources.offers import Offer
from models_registry.types import Deployment, Extras, Price, Rates, Tier, Usage

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2030, 1, 1, tzinfo=UTC)
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


def theirs(deployment: Deployment | Offer, usage: Usage, when: datetime) -> Decimal:
    """What the package charges. The classes of ours do not overlap, so no cached token is also an audio token."""
    model = MODELS[deployment.provider, deployment.upstream_model]
    their_usage = TheirUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
        input_audio_tokens=usage.audio_input_tokens,
        output_audio_tokens=usage.audio_output_tokens,
        cache_audio_read_tokens=0,
        output_reasoning_tokens=usage.reasoning_tokens,
        web_searches=usage.web_searches,
    )
    return model.calc_price(their_usage, PROVIDERS[deployment.provider], genai_request_timestamp=when).total_price


def boundary_usages(price: Price) -> Iterator[Usage]:
    """An ordinary request of every class, and one on each side of every tier."""
    yield Usage(input_tokens=1, output_tokens=0)
    yield Usage(input_tokens=0, output_tokens=1)
    yield Usage(input_tokens=12_345, output_tokens=678, cache_read_tokens=5_000, cache_write_tokens=1_001)
    yield Usage(
        input_tokens=12_345, output_tokens=67, cache_write_tokens=901, cache_write_1h_tokens=400, web_searches=3
    )
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
                if in_force.rates.output is not None or not usage.output_tokens:  # vectors have no output
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
    when = NOW + timedelta(days=days)
    if price_at(deployment.prices, when).rates.output is None:  # vectors have no output
        plain_out = audio_out = 0
    usage = Usage(
        input_tokens=plain + cache_read + cache_write + audio_in,
        output_tokens=plain_out + audio_out,
        cache_read_tokens=cache_read,
        cache_write_tokens=cache_write,
        audio_input_tokens=audio_in,
        audio_output_tokens=audio_out,
    )
    assert cost(price_at(deployment.prices, when), usage) == theirs(deployment, usage, when)


@given(
    deployment=st.sampled_from(DEPLOYMENTS),
    bounds=st.tuples(st.integers(0, 1_000_000), st.integers(0, 200_000)),
    shares=st.tuples(*[st.floats(0, 1)] * 5),
)
def test_no_request_within_the_bounds_costs_more_than_the_ceiling(
    deployment: Deployment, bounds: tuple[int, int], shares: tuple[float, float, float, float, float]
) -> None:
    max_input, max_output_of = bounds
    price = price_at(deployment.prices, NOW)
    if price.rates.output is None:  # vectors have no output
        max_output_of = 0
    input_tokens, output_tokens = int(max_input * shares[0]), int(max_output_of * shares[1])
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
    assert cost(price, usage) <= ceiling(price, max_input, max_output_of)


def test_what_has_no_price_for_output_is_an_error_as_soon_as_there_may_be_some() -> None:
    price = a_price(output=None)
    assert ceiling(price, 1_000_000, 0) == cost(price, Usage(input_tokens=1_000_000, output_tokens=0)) == 2
    with pytest.raises(UnknownPrice, match="There is no price for output tokens"):
        ceiling(price, 1, 1)


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


# --- the whole package, beyond what ships


def package_usages(price: Price) -> Iterator[Usage]:
    """Requests that the price has rates for: of every class, and on each side of every tier."""
    usages = [
        *boundary_usages(price),
        Usage(input_tokens=0, output_tokens=999, reasoning_tokens=700),
        Usage(input_tokens=1_234_567, output_tokens=98_765, cache_read_tokens=1_234_567, audio_output_tokens=98_765),
        Usage(input_tokens=300_001, output_tokens=7, cache_write_tokens=300_001, reasoning_tokens=7),
    ]
    if price.rates.input is not None and price.rates.output is not None:
        yield from usages
    elif price.rates.input is not None:
        yield from (replace(each, output_tokens=0, audio_output_tokens=0, reasoning_tokens=0) for each in usages)


def agreements(offer: Offer) -> int:
    """How many figures of this model are the package's own, to the last digit; every one must be."""
    changes = [price.effective_from for price in offer.prices]
    moments = changes and {*changes, *(change - timedelta(seconds=1) for change in changes[1:]), NOW, END}
    count = 0
    for moment in moments:
        price = price_at(offer.prices, moment)
        for usage in package_usages(price):
            assert cost(price, usage) == theirs(offer, usage, moment), (offer.place, moment, usage)
            count += 1
    return count


def kind_of(offer: Offer) -> str:
    if not offer.prices:
        return "by the time of day"
    rates = offer.prices[-1].rates
    if rates.input is None:
        return "no rate for tokens, " + ("charged otherwise" if offer.note else "none at all")
    return "input only" if rates.output is None else "input and output"


def test_every_model_that_the_package_prices_by_tokens_agrees_with_it() -> None:
    offers = genai.offers(online=False, today=NOW.date())
    figures = {offer.place: agreements(offer) for offer in offers}
    assert Counter(kind_of(offer) for offer in offers) == {
        "input and output": 2_039,
        "input only": 81,  # embeddings and rerankers
        "no rate for tokens, none at all": 179,
        "no rate for tokens, charged otherwise": 26,  # by the hour of audio, by the page
        "by the time of day": 5,
    }
    compared = {place for place, count in figures.items() if count}
    assert compared == {offer.place for offer in offers if kind_of(offer).startswith("input")}
    assert len(compared) == 2_120
    assert sum(figures.values()) == 56_548


def test_a_model_whose_price_depends_on_the_hour_is_left_out_and_says_so() -> None:
    left_out = {offer.place: offer.note for offer in genai.offers(online=False, today=NOW.date()) if not offer.prices}
    names = ("deepseek-chat", "deepseek-flash", "deepseek-reasoner", "deepseek-v4-flash", "deepseek-v4-pro")
    why = "its price depends on the time of day, which a price here cannot say"
    assert left_out == {f"deepseek/{name}": why for name in names}


def test_what_a_model_charges_beside_tokens_is_said_and_not_counted() -> None:
    notes = [offer.note for offer in genai.offers(online=False, today=NOW.date()) if offer.prices and offer.note]
    assert len(notes) == 89
    assert all(note.startswith("also charges for ") for note in notes)
    charges = Counter(charge for note in notes for charge in note.split(", which is")[0].split("for ")[1].split(", "))
    assert charges == {
        "storage_searches_kcount": 30, "audio_hours": 19,
        "input_image_mtok": 14, "cache_audio_read_mtok": 10, "cache_image_read_mtok": 10, "input_audio_hours": 10,
        "output_image_mtok": 8, "input_document_kpages": 6, "input_annotated_document_kpages": 5, "input_video_mtok": 4,
        "input_mchars": 4, "input_text_messages_kcount": 3, "output_video_mtok": 2, "output_citation_mtok": 1,
    }  # fmt: skip


def test_a_model_without_a_rate_for_tokens_is_unknown_and_never_free() -> None:
    unpriced = [offer for offer in genai.offers(online=False, today=NOW.date()) if kind_of(offer).startswith("no rate")]
    assert len(unpriced) == 205
    for offer in unpriced:
        with pytest.raises(UnknownPrice, match="input"):
            cost(offer.prices[-1], Usage(input_tokens=1, output_tokens=0))


def test_reasoning_tokens_pay_their_own_rate_where_there_is_one() -> None:
    usage = Usage(input_tokens=0, output_tokens=1_000, reasoning_tokens=900)
    assert cost(a_price(reasoning="30"), usage) == Decimal("0.028")  # 100 x 10 + 900 x 30
    assert cost(a_price(reasoning="0"), usage) == Decimal("0.001")
    assert cost(a_price(), usage) == Decimal("0.01")


def test_reasoning_and_audio_output_are_different_tokens() -> None:
    usage = Usage(input_tokens=0, output_tokens=1_000, reasoning_tokens=600, audio_output_tokens=400)
    assert cost(a_price(reasoning="30", audio_output="64"), usage) == Decimal("0.0436")
    with pytest.raises(ImpossibleUsage):
        cost(a_price(reasoning="30"), replace(usage, reasoning_tokens=601))


def test_a_request_pays_its_own_rate_once_whatever_its_tokens_are() -> None:
    costs = [cost(a_price(requests="12"), Usage(input_tokens=tokens, output_tokens=0)) for tokens in (0, 1_000_000)]
    assert costs == [Decimal("0.012"), Decimal("2.012")]


def test_the_rate_of_a_request_is_that_of_its_tier() -> None:
    rates = Rates(input=Decimal(2), output=Decimal(10), requests=Decimal(14))
    price = a_price(requests="12", tiers=(Tier(above_input_tokens=100, rates=rates),))
    costs = [cost(price, Usage(input_tokens=tokens, output_tokens=0)) for tokens in (100, 101)]
    assert costs == [Decimal("0.0122"), Decimal("0.014202")]


def test_what_is_cached_for_an_hour_has_a_price_of_its_own_or_that_of_other_writes() -> None:
    """G3"""
    usage = Usage(input_tokens=1_000, output_tokens=0, cache_write_tokens=600, cache_write_1h_tokens=200)
    # 400 x 2 + 400 x 2.5 + 200 x 4, and x 2.5 and x 2 without prices of their own
    assert cost(a_price(cache_write="2.5", cache_write_1h="4"), usage) == Decimal("0.0026")
    assert cost(a_price(cache_write="2.5"), usage) == Decimal("0.0023")
    assert cost(a_price(), usage) == Decimal("0.002")
    with pytest.raises(ImpossibleUsage):
        cost(a_price(cache_write_1h="4"), replace(usage, cache_write_1h_tokens=601))


def test_each_search_of_the_web_costs_its_fee() -> None:
    usage = Usage(input_tokens=1_000, output_tokens=0, web_searches=3)
    assert (cost(a_price(web_searches="10"), usage), cost(a_price(), usage)) == (Decimal("0.032"), Decimal("0.002"))
    with pytest.raises(ImpossibleUsage):
        cost(a_price(web_searches="10"), replace(usage, web_searches=-1))


def test_the_ceiling_counts_searches_and_caches_for_an_hour_where_they_may_be() -> None:
    price = a_price(cache_write="2.5", cache_write_1h="4", web_searches="10")
    assert ceiling(price, 1_000, 0) == Decimal("0.0025")
    assert ceiling(price, 1_000, 0, Extras(has_hour_cache=True, web_searches=5)) == Decimal("0.054")


def test_the_ceiling_counts_reasoning_and_the_request() -> None:
    price = a_price(reasoning="30", requests="12")
    assert ceiling(price, 1_000, 1_000) == Decimal("0.044")  # 1,000 x 2 + 1,000 x 30, and 0.012


def test_the_packages_rates_per_request_and_for_reasoning_are_read() -> None:
    offers = genai.offers(online=False, today=NOW.date())
    listed = {offer.place: offer.prices[-1].rates for offer in offers if offer.prices}
    assert {place: rates.requests for place, rates in listed.items() if rates.requests is not None} == {
        "perplexity/sonar": 12, "perplexity/sonar-pro": 14,
        "perplexity/sonar-reasoning": 12, "perplexity/sonar-reasoning-pro": 14,
    }  # fmt: skip
    assert {place: rates.reasoning for place, rates in listed.items() if rates.reasoning is not None} == {
        "openrouter/perplexity/sonar-deep-research": 3,
        "perplexity/sonar-deep-research": 3,
    }


@pytest.mark.parametrize("name", ["input", "output", "cache read", "audio output"])
def test_a_class_that_has_neither_a_rate_nor_a_parents_is_named(name: str) -> None:
    price = a_price(input=None, output=None)
    usage = {
        "input": Usage(input_tokens=1, output_tokens=0),
        "output": Usage(input_tokens=0, output_tokens=1),
        "cache read": Usage(input_tokens=1, output_tokens=0, cache_read_tokens=1),
        "audio output": Usage(input_tokens=0, output_tokens=1, audio_output_tokens=1),
    }[name]
    words = {"cache read": "cached input"}.get(name, name)
    with pytest.raises(UnknownPrice, match=f"no price for {words} tokens"):
        cost(price, usage)


@pytest.mark.parametrize(
    "usage",
    [
        Usage(input_tokens=0, output_tokens=5, reasoning_tokens=6),
        Usage(input_tokens=0, output_tokens=5, reasoning_tokens=-1),
        Usage(input_tokens=0, output_tokens=-5),
        Usage(input_tokens=5, output_tokens=0, audio_input_tokens=6),
    ],
)
def test_counts_that_cannot_be_are_refused_with_a_reasoning_rate_too(usage: Usage) -> None:
    with pytest.raises(ImpossibleUsage, match="Parts exceed the whole, or a count is negative"):
        cost(a_price(reasoning="30"), usage)
