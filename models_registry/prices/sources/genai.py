"""The genai-prices package as offers: the data it ships with, or its online update."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal

import genai_prices
from genai_prices.data_snapshot import DataSnapshot, get_snapshot
from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, StartDateConstraint, TieredPrices

from models_registry.errors import UnreadableSource
from models_registry.prices.sources.offers import Offer
from models_registry.types import Price, Rates, Tier

CLASSES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "audio_input": "input_audio_mtok",
    "audio_output": "output_audio_mtok",
    "reasoning": "output_reasoning_mtok",
    "requests": "requests_kcount",
    "web_searches": "web_searches_kcount",
}
SINCE_EVER = date(2020, 1, 1)
"""From when a price counts for which the package knows no beginning."""


def offers(online: bool, today: date) -> list[Offer]:
    """Every model that the package prices. Raises UnreadableSource when the online update cannot be fetched."""
    snapshot = _fetched() if online else get_snapshot()
    source = f"genai-prices {genai_prices.__version__}" + (f", online {today}" if online else "")
    return [_offer(provider.id, model, source, today) for provider in snapshot.providers for model in provider.models]


def _fetched() -> DataSnapshot:
    try:
        found = genai_prices.UpdatePrices().fetch()
    except Exception as problem:  # the library's client has its own family of errors
        raise UnreadableSource(f"The online prices could not be fetched: {problem!r}.") from problem
    if found is None:
        raise UnreadableSource("The online prices came back empty.")
    return found


def _offer(provider: str, model: ModelInfo, source: str, today: date) -> Offer:
    rows = model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]
    is_plain = all(row.constraint is None or isinstance(row.constraint, StartDateConstraint) for row in rows)
    prices = tuple(_price(row, source, today) for row in rows) if is_plain else ()
    return Offer(
        provider=provider,
        upstream_model=model.id,
        identifier=f"{provider}:{model.id.rpartition('/')[2]}",
        name=model.name or model.id,
        description=(model.description or "").strip(),
        context_window=model.context_window,
        prices=tuple(sorted(prices, key=lambda price: price.effective_from)),
        source=source,
        note="; ".join(_notes(rows, is_plain)),
    )


def _notes(rows: list[ConditionalPrice], is_plain: bool) -> Iterator[str]:
    if not is_plain:
        yield "its price depends on the time of day, which a price here cannot say"
    charged = {name for row in rows for name, value in vars(row.prices).items() if value is not None}
    if others := sorted(charged - set(CLASSES.values())):
        yield f"also charges for {', '.join(others)}, which is not counted here"


def _price(row: ConditionalPrice, source: str, today: date) -> Price:
    begins = row.constraint.start_date if isinstance(row.constraint, StartDateConstraint) else SINCE_EVER
    return Price(
        effective_from=datetime.combine(begins, time(), UTC),
        rates=_rates(row.prices, 0),
        tiers=tuple(Tier(above_input_tokens=at, rates=_rates(row.prices, at)) for at in _thresholds(row.prices)),
        source=source,
        dated=today,
    )


def _thresholds(prices: ModelPrice) -> list[int]:
    tiered = [value for name in CLASSES.values() if isinstance(value := getattr(prices, name), TieredPrices)]
    return sorted({tier.start for value in tiered for tier in value.tiers})


def _rates(prices: ModelPrice, above: int) -> Rates:
    return Rates(**{ours: _rate(getattr(prices, theirs), above) for ours, theirs in CLASSES.items()})


def _rate(value: TieredPrices | Decimal | None, above: int) -> Decimal | None:
    """The rate of one class for requests of more than `above` input tokens."""
    if not isinstance(value, TieredPrices):
        return value
    reached = [tier.price for tier in value.tiers if tier.start <= above]
    return reached[-1] if above and reached else value.base
