"""Whole-number prices against the exact ones: the same figure, rounded up to the nano-dollar, for every price and usage."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models_registry.errors import ImpossibleUsage, UnknownPrice
from models_registry.prices import pricing
from models_registry.prices.tariffs import compile_price, tariff_at, to_nano
from models_registry.types import Extras, Price, Rates, Tier, Usage

NOW = datetime(2026, 11, 21, tzinfo=UTC)
RATE = (
    st.decimals(0, 200, places=7, allow_nan=False)
    | st.just(Decimal(1) / 12)
    | st.sampled_from([Decimal("0.15"), Decimal(3), Decimal("37.5")])
)
MAYBE = st.none() | RATE
RATES = st.builds(
    Rates, input=RATE, output=RATE, cache_read=MAYBE, cache_write=MAYBE, audio_input=MAYBE, audio_output=MAYBE,
    reasoning=MAYBE, requests=MAYBE, cache_write_1h=MAYBE, web_searches=MAYBE,
)  # fmt: skip
TIERS = st.lists(st.builds(Tier, above_input_tokens=st.integers(0, 5_000), rates=RATES), max_size=3).map(tuple)
COUNT = st.integers(0, 10_000) | st.just(0)
USAGE = st.builds(
    Usage, input_tokens=COUNT, output_tokens=COUNT, cache_read_tokens=COUNT, cache_write_tokens=COUNT,
    audio_input_tokens=COUNT, audio_output_tokens=COUNT, reasoning_tokens=st.integers(-1, 10_000) | st.just(0),
    cache_write_1h_tokens=COUNT, web_searches=st.integers(-1, 20),
)  # fmt: skip
EXTRAS = st.builds(Extras, web_searches=st.integers(0, 20), has_hour_cache=st.booleans())


def price(rates: Rates, tiers: tuple[Tier, ...] = (), since: datetime = NOW) -> Price:
    return Price(effective_from=since, rates=rates, tiers=tiers, source="made up", dated=date(2026, 1, 1))


PRICES = st.builds(price, RATES, TIERS)


@given(PRICES, USAGE)
def test_an_answer_costs_what_exact_arithmetic_says_rounded_up(given: Price, usage: Usage) -> None:
    try:
        exact = pricing.cost(given, usage)
    except ImpossibleUsage:
        with pytest.raises(ImpossibleUsage):
            compile_price(given).cost_nano(usage)
    else:
        assert compile_price(given).cost_nano(usage) == to_nano(exact)


@given(PRICES, COUNT, COUNT, EXTRAS)
def test_a_ceiling_is_what_exact_arithmetic_says_rounded_up(
    given: Price, max_input: int, max_output: int, extras: Extras
) -> None:
    exact = pricing.ceiling(given, max_input, max_output, extras)
    assert compile_price(given).ceiling_nano(max_input, max_output, extras) == to_nano(exact)


@given(PRICES, COUNT, st.integers(1, 10_000_000))
def test_the_longest_answer_within_a_limit_fits_and_one_token_more_does_not(
    given: Price, max_input: int, limit: int
) -> None:
    tariff = compile_price(given)
    assume(tariff.ceiling_nano(max_input, 1_000_000) > tariff.ceiling_nano(max_input, 0) + 1_000_000)
    longest = tariff.output_within(max_input, limit)
    if tariff.ceiling_nano(max_input, 0) > limit:
        assert longest == 0
    else:
        assert tariff.ceiling_nano(max_input, longest) <= limit < tariff.ceiling_nano(max_input, longest + 1)


def test_fifteen_cents_a_million_are_150_nano_dollars_a_token() -> None:
    tariff = compile_price(price(Rates(input=Decimal("0.15"), output=Decimal("0.6"))))
    assert tariff.cost_nano(Usage(input_tokens=1, output_tokens=0)) == 150
    assert tariff.ceiling_nano(1_000, 100) == 150_000 + 60_000
    assert tariff.output_within(1_000, 210_000) == 100


def test_what_comes_to_the_limit_to_the_last_digit_still_fits() -> None:
    tariff = compile_price(price(Rates(input=Decimal(0), output=Decimal("0.08333333333333333333333333333"))))
    assert tariff.ceiling_nano(0, 12) == 1_000
    assert tariff.output_within(0, 1_000) == 12


def test_a_rate_finer_than_a_nano_dollar_is_rounded_once_not_per_token() -> None:
    tariff = compile_price(price(Rates(input=Decimal("0.0375"), output=Decimal(1))))
    assert tariff.cost_nano(Usage(input_tokens=3, output_tokens=0)) == 113, "112.5 rounded up"


def test_a_missing_rate_is_unknown_only_where_it_is_needed() -> None:
    tariff = compile_price(price(Rates(input=Decimal(1), output=None)))
    assert tariff.tiers == ()
    assert tariff.cost_nano(Usage(input_tokens=5, output_tokens=0)) == 5_000
    with pytest.raises(UnknownPrice):
        tariff.cost_nano(Usage(input_tokens=5, output_tokens=1))


def test_the_price_in_force_is_compiled_once_and_the_later_one_takes_over() -> None:
    later = datetime(2026, 12, 1, tzinfo=UTC)
    rows = (
        price(Rates(input=Decimal(1), output=Decimal(1))),
        price(Rates(input=Decimal(2), output=Decimal(2)), (), later),
    )
    first = tariff_at(rows, NOW)
    assert first.price is rows[0]
    assert tariff_at(rows, NOW) is first
    assert tariff_at(rows, later).price is rows[1]
    with pytest.raises(UnknownPrice, match="No price is in force"):
        tariff_at(rows, datetime(2020, 1, 1, tzinfo=UTC))
