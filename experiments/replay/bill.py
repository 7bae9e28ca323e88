"""What an answer cost, by kind of token, at the prices of its day: out of the record and the catalogue that it names."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from analytics.models import Record
from budgets.money import dollars
from budgets.types import to_nano
from models_registry.errors import UnknownPrice
from models_registry.prices.pricing import MILLION, price_at, rates_for
from models_registry.types import Rates
from routerhub.releases import store
from routerhub.releases.errors import InvalidRelease, UnknownRelease


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    kind: str
    tokens: str
    price: str
    """Per 1M tokens."""
    cost: str


def bill(record: Record) -> tuple[Line, ...]:
    """Line by line; empty where the lines would not come to what was charged: what was tried before cost as well, the provider
    told the cost itself, or the price is not known any more."""
    rates = _rates(record)
    parts = [part for part in _parts(record, rates) if part[1]] if rates else []
    if any(rate is None for _, _, rate in parts):
        return ()
    costs = [count * (rate or 0) / MILLION for _, count, rate in parts]
    if to_nano(sum(costs, Decimal(0))) != record.cost_nano:
        return ()
    return tuple(
        Line(kind=kind, tokens=f"{count:,}", price=f"${rate:,.2f}" if rate == round(rate or 0, 2) else f"${rate:f}",
             cost=dollars(to_nano(cost)))
        for (kind, count, rate), cost in zip(parts, costs, strict=True)
    )  # fmt: skip


def _rates(record: Record) -> Rates | None:
    try:
        model = store.release("catalogue", record.catalogue_release).models.get(record.model)
        places = model.deployments if model else ()
        usual = places[0] if places and record.is_sandbox else None  # by whose price the sandbox makes up costs
        place = next((each for each in places if each.id == record.deployment), usual)
        return rates_for(price_at(place.prices, record.created_at), record.input_tokens) if place else None
    except (UnknownRelease, InvalidRelease, UnknownPrice):
        return None


def _parts(record: Record, rates: Rates) -> Iterator[tuple[str, int, Decimal | None]]:
    reasoning = record.reasoning_tokens if rates.reasoning is not None else 0
    cached, written = record.cache_read_tokens, record.cache_write_tokens
    yield "input", record.input_tokens - cached - written, rates.input
    yield "input from the cache", cached, rates.cache_read if rates.cache_read is not None else rates.input
    yield "input into the cache", written, rates.cache_write if rates.cache_write is not None else rates.input
    yield "output", record.output_tokens - reasoning, rates.output
    yield "reasoning", reasoning, rates.reasoning
