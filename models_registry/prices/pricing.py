"""What tokens cost, in exact Decimal arithmetic. Pure: the moment and the price rows are arguments.

Tiers follow the industry's rule, as genai-prices states it: a request whose input is larger than a tier's threshold pays
that tier's rates for all of its tokens. A token class without a rate of its own pays its parent's: cached and audio input
that of input, what a cache keeps for an hour that of other cache writes, audio output and reasoning that of output. A rate
per request is added once, whatever the tokens are, and one per web search as often as the provider searched.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from models_registry.errors import ImpossibleUsage, UnknownPrice
from models_registry.types import NO_EXTRAS, Extras, Price, Rates, Usage

MILLION = Decimal(1_000_000)
THOUSAND = Decimal(1_000)


def price_at(prices: Sequence[Price], when: datetime) -> Price:
    """The price in force at `when`: the latest that began by then. `prices` are oldest first. Raises UnknownPrice."""
    for price in reversed(prices):
        if price.effective_from <= when:
            return price
    raise UnknownPrice(f"No price is in force at {when:%Y-%m-%d %H:%M}.")


def rates_for(price: Price, input_tokens: int) -> Rates:
    """The rates of a request with so many input tokens: those of the highest tier that it is over, else the base."""
    over = [tier for tier in price.tiers if input_tokens > tier.above_input_tokens]
    return max(over, key=lambda tier: tier.above_input_tokens).rates if over else price.rates


def known(rate: Decimal | None, token_class: str) -> Decimal:
    """The rate, if there is one. Raises UnknownPrice."""
    if rate is None:
        raise UnknownPrice(f"There is no price for {token_class} tokens.")
    return rate


def cost(price: Price, usage: Usage) -> Decimal:
    """USD of one answer, unrounded. Raises UnknownPrice, ImpossibleUsage."""
    plain_input = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens - usage.audio_input_tokens
    rates = rates_for(price, usage.input_tokens)
    reasoning = usage.reasoning_tokens if rates.reasoning is not None else 0
    plain_output = usage.output_tokens - usage.audio_output_tokens - reasoning
    short_write, write_rate = (
        usage.cache_write_tokens - usage.cache_write_1h_tokens,
        _either(rates.cache_write, rates.input),
    )
    if min(plain_input, plain_output, short_write, *_counts(usage)) < 0:
        raise ImpossibleUsage(f"Parts exceed the whole, or a count is negative: {usage}.")
    parts = (
        (plain_input, rates.input, "input"),
        (usage.cache_read_tokens, _either(rates.cache_read, rates.input), "cached input"),
        (short_write, write_rate, "cache write"),
        (usage.cache_write_1h_tokens, _either(rates.cache_write_1h, write_rate), "cache write"),
        (usage.audio_input_tokens, _either(rates.audio_input, rates.input), "audio input"),
        (plain_output, rates.output, "output"),
        (usage.audio_output_tokens, _either(rates.audio_output, rates.output), "audio output"),
        (reasoning, rates.reasoning, "reasoning"),
    )
    tokens = sum((count * known(rate, name) for count, rate, name in parts if count), Decimal(0))
    return tokens / MILLION + ((rates.requests or 0) + usage.web_searches * (rates.web_searches or 0)) / THOUSAND


def _counts(usage: Usage) -> tuple[int, ...]:
    return (
        usage.cache_read_tokens,
        usage.cache_write_1h_tokens,
        usage.audio_input_tokens,
        usage.audio_output_tokens,
        usage.reasoning_tokens,
        usage.web_searches,
    )


def _either(rate: Decimal | None, parent: Decimal | None) -> Decimal | None:
    return rate if rate is not None else parent


def ceiling(price: Price, max_input_tokens: int, max_output_tokens: int, extras: Extras = NO_EXTRAS) -> Decimal:
    """The most that a request within these bounds can cost: every token at the dearest rate it could meet."""
    reachable = [price.rates, *(tier.rates for tier in price.tiers if max_input_tokens > tier.above_input_tokens)]
    dearest_input = max(known(rate, "input") for rates in reachable for rate in _input_rates(rates, extras))
    dearest_output = Decimal(0)
    if max_output_tokens:
        dearest_output = max(known(rate, "output") for rates in reachable for rate in _output_rates(rates))
    tokens = max_input_tokens * dearest_input + max_output_tokens * dearest_output
    requests = max(rates.requests or Decimal(0) for rates in reachable)
    searches = max(rates.web_searches or Decimal(0) for rates in reachable) * extras.web_searches
    return tokens / MILLION + (requests + searches) / THOUSAND


def _input_rates(rates: Rates, extras: Extras) -> list[Decimal | None]:
    hour_cache = rates.cache_write_1h if extras.has_hour_cache else None
    extra = (rates.cache_read, rates.cache_write, hour_cache, rates.audio_input)
    return [rates.input, *(rate for rate in extra if rate is not None)]


def _output_rates(rates: Rates) -> list[Decimal | None]:
    return [rates.output, *(rate for rate in (rates.audio_output, rates.reasoning) if rate is not None)]


def mean_price(price: Price) -> Decimal:
    """The mean of base input and output price, USD per 1M tokens: what the cost tiers go by. Raises UnknownPrice."""
    return (known(price.rates.input, "input") + known(price.rates.output, "output")) / 2
