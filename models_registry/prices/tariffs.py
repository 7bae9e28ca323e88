"""Prices as whole numbers, for the request path: compiled once, then no Decimal is touched. Pure.

A tariff gives what models_registry.prices.pricing gives, rounded up to the nano-dollar, to the last digit. It counts in the unit
in which all rates of its price are whole: a rate in USD per 1M tokens is one in micro-dollars a token, and a price whose finest
rate has four decimals counts in ten-thousandths of a micro-dollar.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

from models_registry.errors import UnknownPrice
from models_registry.prices import pricing
from models_registry.types import NO_EXTRAS, Extras, Price, Rates, Usage

NANO = 1_000_000_000
NANO_PER_MICRO = 1_000
MICRO_PER_REQUEST = 1_000
"""Of a rate of 1 USD per 1,000 requests or searches."""
MAX_COMPILED = 20_000
BELOW_ALL = -(2**62)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tier:
    """Rates above a number of input tokens, in units a token. A class without one of its own has its parent's."""

    above: int
    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    audio_input: int
    output: int
    audio_output: int
    reasoning: int | None
    """None: reasoning is output like any other."""
    request: int
    search: int
    dearest_input: int
    """Of this tier and those below it."""
    dearest_cached: int
    """The same where a cache may keep it for an hour."""
    dearest_output: int
    dearest_request: int
    dearest_search: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Tariff:
    """One price, compiled."""

    price: Price
    units_per_micro: int
    tiers: tuple[_Tier, ...]
    """Lowest threshold first. Empty where the price has no input or no output rate: then pricing says what is known."""

    def ceiling_nano(self, max_input_tokens: int, max_output_tokens: int, extras: Extras = NO_EXTRAS) -> int:
        """The most that a request within these bounds can cost. Raises UnknownPrice."""
        tier = self._tier(max_input_tokens)
        if tier is None:
            return to_nano(pricing.ceiling(self.price, max_input_tokens, max_output_tokens, extras))
        return self._nano(_without_answer(tier, max_input_tokens, extras) + max_output_tokens * tier.dearest_output)

    def cost_nano(self, usage: Usage) -> int:
        """What one answer costs. Raises UnknownPrice, ImpossibleUsage."""
        tier = self._tier(usage.input_tokens)
        read, write, heard = usage.cache_read_tokens, usage.cache_write_tokens, usage.audio_input_tokens
        spoken, thought, searches = usage.audio_output_tokens, usage.reasoning_tokens, usage.web_searches
        hourly, shortly = usage.cache_write_1h_tokens, write - usage.cache_write_1h_tokens
        if tier is None or min(read, hourly, shortly, heard, spoken, thought, searches) < 0:
            return to_nano(pricing.cost(self.price, usage))
        apart = thought if tier.reasoning is not None else 0
        plain_input, plain_output = usage.input_tokens - read - write - heard, usage.output_tokens - spoken - apart
        if plain_input < 0 or plain_output < 0:
            return to_nano(pricing.cost(self.price, usage))
        cached = read * tier.cache_read + shortly * tier.cache_write + hourly * tier.cache_write_1h
        inputs = plain_input * tier.input + cached + heard * tier.audio_input
        outputs = plain_output * tier.output + spoken * tier.audio_output + apart * (tier.reasoning or 0)
        return self._nano(inputs + outputs + tier.request + searches * tier.search)

    def output_within(self, max_input_tokens: int, limit_nano: int, extras: Extras = NO_EXTRAS) -> int:
        """The longest answer, in tokens, whose ceiling stays within the limit; 0 where not even the prompt fits."""
        tier = self._tier(max_input_tokens)
        if tier is None:
            pricing.ceiling(self.price, max_input_tokens, 1, extras)  # says what is not known
            return 0
        units = limit_nano * self.units_per_micro // NANO_PER_MICRO
        room = units - _without_answer(tier, max_input_tokens, extras)
        return room // tier.dearest_output if room >= 0 and tier.dearest_output else 0

    def _tier(self, input_tokens: int) -> _Tier | None:
        tiers = self.tiers
        if len(tiers) <= 1:
            return tiers[0] if tiers else None
        return next(tier for tier in reversed(tiers) if input_tokens > tier.above)

    def _nano(self, units: int) -> int:
        return -(-units * NANO_PER_MICRO // self.units_per_micro)


def _without_answer(tier: _Tier, max_input_tokens: int, extras: Extras) -> int:
    """The most that all but the answer can cost, in units."""
    dearest_input = tier.dearest_cached if extras.has_hour_cache else tier.dearest_input
    return max_input_tokens * dearest_input + tier.dearest_request + extras.web_searches * tier.dearest_search


def to_nano(usd: Decimal) -> int:
    """Rounded up, so that nothing is ever charged too low."""
    return int((usd * NANO).to_integral_value(ROUND_CEILING))


def compile_price(price: Price) -> Tariff:
    """The price in whole numbers."""
    steps = [(tier.above_input_tokens, tier.rates) for tier in price.tiers]
    steps = [(BELOW_ALL, price.rates), *sorted(steps, key=lambda step: step[0])]
    if any(rates.input is None or rates.output is None for _, rates in steps):
        return Tariff(price=price, units_per_micro=1, tiers=())
    units = 10 ** max(_decimals(rate) for _, rates in steps for rate in _all(rates))
    tiers: list[_Tier] = []
    for above, rates in steps:
        tiers.append(_tier(above, rates, units, tiers[-1] if tiers else None))
    return Tariff(price=price, units_per_micro=units, tiers=tuple(tiers))


@lru_cache(maxsize=1_000)
def flat(nano: int) -> Tariff:
    """The same for every answer, whatever it used: for what has no price."""
    rates = Rates(input=Decimal(0), output=Decimal(0), requests=Decimal(nano) * 1_000 / NANO)
    always = datetime.min.replace(tzinfo=UTC)
    return compile_price(Price(effective_from=always, rates=rates, source="the account's own figure", dated=date.min))


def _all(rates: Rates) -> list[Decimal]:
    found = [getattr(rates, name) for name in Rates.__slots__]
    return [rate for rate in found if rate is not None]


def _decimals(rate: Decimal) -> int:
    exponent = rate.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _tier(above: int, rates: Rates, units: int, below: _Tier | None) -> _Tier:
    def whole(rate: Decimal | None, parent: Decimal | None = None) -> int:
        return int(((rate if rate is not None else parent) or Decimal(0)) * units)

    inputs = [
        whole(rate, rates.input) for rate in (rates.input, rates.cache_read, rates.cache_write, rates.audio_input)
    ]
    outputs = [whole(rate, rates.output) for rate in (rates.output, rates.audio_output, rates.reasoning)]
    request, search = whole(rates.requests) * MICRO_PER_REQUEST, whole(rates.web_searches) * MICRO_PER_REQUEST
    hour_write = inputs[2] if rates.cache_write_1h is None else whole(rates.cache_write_1h)
    return _Tier(
        above=above,
        input=inputs[0],
        cache_read=inputs[1],
        cache_write=inputs[2],
        cache_write_1h=hour_write,
        audio_input=inputs[3],
        output=outputs[0],
        audio_output=outputs[1],
        reasoning=outputs[2] if rates.reasoning is not None else None,
        request=request,
        search=search,
        dearest_input=max(*inputs, below.dearest_input if below else 0),
        dearest_cached=max(*inputs, hour_write, below.dearest_cached if below else 0),
        dearest_output=max(*outputs, below.dearest_output if below else 0),
        dearest_request=max(request, below.dearest_request if below else 0),
        dearest_search=max(search, below.dearest_search if below else 0),
    )


_compiled: dict[int, Tariff] = {}


def tariff_at(prices: Sequence[Price], when: datetime) -> Tariff:
    """The tariff in force at `when`. `prices` are oldest first. Raises UnknownPrice.

    Remembered by the price's identity: a catalogue's prices live as long as it does, and hashing them costs more than this
    saves. The tariff holds on to its price, so that the identity stays its own.
    """
    for price in reversed(prices):
        if price.effective_from <= when:
            found = _compiled.get(id(price))
            if found is None or found.price is not price:
                if len(_compiled) >= MAX_COMPILED:
                    _compiled.clear()
                found = _compiled[id(price)] = compile_price(price)
            return found
    raise UnknownPrice(f"No price is in force at {when:%Y-%m-%d %H:%M}.")
