"""Which new prices a person must look at before they count. Pure.

A figure that jumps, that is free all of a sudden, or that is off by a unit is more often a slip than news.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from decimal import Decimal
from itertools import pairwise

from models_registry.types import Rates
from routerhub import numerals

MAX_FACTOR = Decimal(5)
"""How many times dearer or cheaper than the last price a new one may be and still count at once."""
UNIT_SLIPS = {Decimal(1_000): "per 1,000 tokens", Decimal(1_000_000): "per token"}
"""By how much a price is off when its unit was taken for USD per 1M tokens."""
SLIP_TOLERANCE = Decimal(MAX_FACTOR)
MIN_PLAUSIBLE, MAX_PLAUSIBLE = Decimal("0.001"), Decimal(2_000)
"""USD per 1M tokens. Nothing that is sold today is outside, so a first price that is out is taken for a slip."""


def doubts(before: Rates | None, after: Rates, source: str, tiers: Iterable[Rates] = ()) -> tuple[str, ...]:
    """Why a new price waits for approval; empty where it may count at once. `before` is None for a first price.

    The rates of its tiers are held against its own base rates: long context costs a few times more, never a thousand.
    """
    found = [] if source.strip() else ["it has no source"]
    for field in fields(Rates):
        new = getattr(after, field.name)
        if new is not None:
            found += _doubts_of(field.name.replace("_", " "), getattr(before, field.name, None), new)
    for at, tier in enumerate(tiers, 1):
        for field in fields(Rates):
            base, new = getattr(after, field.name), getattr(tier, field.name)
            if base is not None and new is not None:
                found += _doubts_of(f"{field.name.replace('_', ' ')} of tier {at}, against the base rate,", base, new)
    return tuple(found)


def tier_rates(tiers: Iterable[Mapping[str, object]]) -> list[Rates]:
    """The rates of a price row's tiers, as the tables hold them."""
    names = [field.name for field in fields(Rates)]
    return [
        Rates(**{name: None if tier.get(name) is None else Decimal(str(tier[name])) for name in names})
        for tier in tiers
    ]


def _doubts_of(name: str, old: Decimal | None, new: Decimal) -> Iterator[str]:
    if old is not None and old == new:
        return
    if new == 0:
        yield f"{name} is zero" if old is None else f"{name} falls from {plain(old)} to zero"
    elif old:
        yield from _jump(name, old, new)
    elif name in {"input", "output"} and not MIN_PLAUSIBLE <= new <= MAX_PLAUSIBLE:
        yield f"{name} of {plain(new)} USD per 1M tokens is out of the ordinary; is it {_other_unit(new)}?"


def _jump(name: str, old: Decimal, new: Decimal) -> Iterator[str]:
    factor = max(new / old, old / new)
    if factor > MAX_FACTOR:
        way = "rises" if new > old else "falls"
        yield f"{name} {way} from {plain(old)} to {plain(new)}, {factor:.1f} times{_slip(factor)}"


def _slip(factor: Decimal) -> str:
    for size, unit in UNIT_SLIPS.items():
        if size / SLIP_TOLERANCE <= factor <= size * SLIP_TOLERANCE:
            return f"; is one of them {unit}?"
    return ""


def _other_unit(value: Decimal) -> str:
    return "per token" if value < MIN_PLAUSIBLE else "per 1M of something smaller than a dollar"


def plain(value: Decimal) -> str:
    """Decimal text without exponent or trailing zeros."""
    return f"{value.normalize():f}"


def rate(value: Decimal) -> str:
    """USD per 1M tokens, as it was given, with at least two decimals: $2.00, $0.435."""
    whole, _, decimals = plain(value).partition(".")
    return f"${int(whole):,}.{decimals.ljust(2, '0')}"


def tier_problems(tiers: object) -> list[str]:
    """What is wrong with the tiers of a price row, as the tables hold them."""
    if not isinstance(tiers, list) or not all(isinstance(tier, Mapping) for tier in tiers):
        return ['Write a list such as [{"above_input_tokens": 200000, "input": "2.5", "output": "15"}].']
    problems = [problem for at, tier in enumerate(tiers) for problem in _problems_of(at, tier)]
    thresholds = [tier.get("above_input_tokens") for tier in tiers]
    if not problems and any(later <= earlier for earlier, later in pairwise(thresholds)):
        problems.append(f"above_input_tokens: {thresholds} is not a rising list.")
    return problems


def _problems_of(at: int, tier: Mapping[str, object]) -> Iterator[str]:
    rates = {field.name for field in fields(Rates)}
    yield from _unknown(at, tier.keys() - rates - {"above_input_tokens"}, rates)
    above = tier.get("above_input_tokens")
    if not isinstance(above, int) or isinstance(above, bool) or above < 1:
        yield f"[{at}].above_input_tokens: {above!r} is not a whole number of tokens above 0."
    for name in rates & tier.keys():
        value = numerals.exact(tier[name])
        if value is None or value < 0:
            yield f"[{at}].{name}: {tier[name]!r} is not a price of zero or more."


def _unknown(at: int, names: Iterable[str], allowed: Iterable[str]) -> Iterator[str]:
    for name in sorted(names):
        yield f"[{at}].{name}: unknown. Allowed: above_input_tokens, {', '.join(sorted(allowed))}."
