"""Prices as whole numbers, for the request path: compiled once, then no Decimal is touched. Pure.

A tariff gives what models_registry.prices.pricing gives, rounded up to the nano-dollar, to the last digit. It counts in
pico-dollars (1 USD = 10**12), in which a rate of up to six decimals (USD per 1M tokens) is whole; a price with a finer one is
worked out by pricing itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal

from models_registry.errors import UnknownPrice
from models_registry.prices import pricing
from models_registry.types import Price, Rates, Usage

NANO = 1_000_000_000
PICO_PER_NANO = 1_000
PICO_PER_TOKEN = 1_000_000
"""Of a rate of 1 USD per 1M tokens."""
PICO_PER_REQUEST = 1_000_000_000
"""Of a rate of 1 USD per 1,000 requests."""
MAX_COMPILED = 20_000
BELOW_ALL = -(2**62)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tier:
    """Whole pico-dollars of a tier: what plain tokens cost, and the dearest that any token of a class could cost there."""

    above: int
    rates: Rates
    input: int
    output: int
    request: int
    dearest_input: int
    dearest_output: int
    dearest_request: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Tariff:
    """One price, compiled."""

    price: Price
    tiers: tuple[_Tier, ...]
    """Lowest threshold first. Empty where some rate is missing or finer than a pico-dollar."""

    def ceiling_nano(self, max_input_tokens: int, max_output_tokens: int) -> int:
        """The most that a request within these bounds can cost. Raises UnknownPrice."""
        tier = self._tier(max_input_tokens)
        if tier is None:
            return to_nano(pricing.ceiling(self.price, max_input_tokens, max_output_tokens))
        pico = max_input_tokens * tier.dearest_input + max_output_tokens * tier.dearest_output + tier.dearest_request
        return -(-pico // PICO_PER_NANO)

    def cost_nano(self, usage: Usage) -> int:
        """What one answer costs. Raises UnknownPrice, ImpossibleUsage."""
        tier = self._tier(usage.input_tokens)
        if tier is None or _has_parts(usage, tier.rates):
            return to_nano(pricing.cost(self.price, usage))
        pico = usage.input_tokens * tier.input + usage.output_tokens * tier.output + tier.request
        return -(-pico // PICO_PER_NANO)

    def output_within(self, max_input_tokens: int, limit_nano: int) -> int:
        """The longest answer, in tokens, whose ceiling stays within the limit; 0 where not even the prompt fits."""
        nothing = self.ceiling_nano(max_input_tokens, 0)
        a_million = self.ceiling_nano(max_input_tokens, 1_000_000) - nothing
        if limit_nano < nothing or a_million <= 0:
            return 0
        longest = (limit_nano - nothing) * 1_000_000 // a_million
        # Both figures are rounded up, so the quotient may be a token too long.
        return longest if self.ceiling_nano(max_input_tokens, longest) <= limit_nano else longest - 1

    def _tier(self, input_tokens: int) -> _Tier | None:
        tiers = self.tiers
        if len(tiers) <= 1:
            return tiers[0] if tiers else None
        return next(tier for tier in reversed(tiers) if input_tokens > tier.above)


def _has_parts(usage: Usage, rates: Rates) -> bool:
    """Whether some of the tokens have a rate of their own, or the counts make no sense."""
    return bool(
        usage.cache_read_tokens
        or usage.cache_write_tokens
        or usage.audio_input_tokens
        or usage.audio_output_tokens
        or (usage.reasoning_tokens and (rates.reasoning is not None or usage.reasoning_tokens > usage.output_tokens))
        or min(usage.input_tokens, usage.output_tokens, usage.reasoning_tokens) < 0
    )


def to_nano(usd: Decimal) -> int:
    """Rounded up, so that nothing is ever charged too low."""
    return int((usd * NANO).to_integral_value(ROUND_CEILING))


def compile_price(price: Price) -> Tariff:
    """The price in whole numbers, as far as it has some."""
    steps = sorted(
        [(BELOW_ALL, price.rates), *((tier.above_input_tokens, tier.rates) for tier in price.tiers)], key=_above
    )
    tiers: list[_Tier] = []
    for above, rates in steps:
        plain = _whole(rates.input, PICO_PER_TOKEN), _whole(rates.output, PICO_PER_TOKEN)
        inputs = [plain[0], *_others(rates.cache_read, rates.cache_write, rates.audio_input)]
        outputs = [plain[1], *_others(rates.audio_output, rates.reasoning)]
        request = _whole(rates.requests or Decimal(0), PICO_PER_REQUEST)
        if None in {*inputs, *outputs, request}:
            return Tariff(price=price, tiers=())
        before = tiers[-1] if tiers else None
        tiers.append(
            _Tier(
                above=above,
                rates=rates,
                input=plain[0] or 0,
                output=plain[1] or 0,
                request=request or 0,
                dearest_input=max(before.dearest_input if before else 0, *(each or 0 for each in inputs)),
                dearest_output=max(before.dearest_output if before else 0, *(each or 0 for each in outputs)),
                dearest_request=max(before.dearest_request if before else 0, request or 0),
            )
        )
    return Tariff(price=price, tiers=tuple(tiers))


def _above(step: tuple[int, Rates]) -> int:
    return step[0]


def _others(*rates: Decimal | None) -> list[int | None]:
    return [_whole(rate, PICO_PER_TOKEN) for rate in rates if rate is not None]


def _whole(rate: Decimal | None, factor: int) -> int | None:
    """The rate as a whole number of pico-dollars, None where it is none."""
    if rate is None:
        return None
    pico = rate * factor
    return int(pico) if pico == pico.to_integral_value() else None


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
