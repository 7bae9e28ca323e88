"""OpenRouter's list of models (from its address or a file) as offers. Its prices are USD per token, as text."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from models_registry.errors import UnreadableSource
from models_registry.prices.sources.offers import Offer
from models_registry.types import Capability, Price, Rates

URL = "https://openrouter.ai/api/v1/models"
PROVIDER = "openrouter"
MILLION, THOUSAND = Decimal(1_000_000), Decimal(1_000)
PER_TOKEN = {
    "input": "prompt",
    "output": "completion",
    "cache_read": "input_cache_read",
    "cache_write": "input_cache_write",
    "audio_input": "audio",
    "reasoning": "internal_reasoning",
}
PER_THOUSAND = {"requests": "request", "web_searches": "web_search"}
"""It lists what one costs."""
MAX_BYTES = 50_000_000
WAIT_S = 20


def fetch(url: str = URL) -> bytes:
    """The list as bytes. Raises UnreadableSource."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise UnreadableSource(f"{url!r} is not an address that begins with http:// or https://.")
    try:
        with urlopen(Request(url, headers={"Accept": "application/json"}), timeout=WAIT_S) as response:  # noqa: S310
            return bytes(response.read(MAX_BYTES))
    except (OSError, ValueError, HTTPException) as problem:
        raise UnreadableSource(f"{url} could not be fetched: {problem}.") from problem


def offers(content: bytes, today: date) -> list[Offer]:
    """Every model of the list that has a price for text. Raises UnreadableSource, naming what it stumbled over."""
    try:
        listed = json.loads(content)["data"]
        return [_offer(each, today) for each in listed if "/" in each["id"] and _is_priced(each)]
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation) as problem:
        raise UnreadableSource(f"This is not OpenRouter's list of models: {problem!r}.") from problem


def _is_priced(entry: Mapping[str, Any]) -> bool:
    """Routers in the list (auto) have -1: their price depends on what they choose."""
    prices = entry.get("pricing", {})
    return Decimal(prices.get("prompt", "-1")) >= 0 and Decimal(prices.get("completion", "-1")) >= 0


def _offer(entry: Mapping[str, Any], today: date) -> Offer:
    maker, _, name = str(entry["id"]).partition("/")
    source = f"OpenRouter's list of models, {today}"
    return Offer(
        provider=PROVIDER,
        upstream_model=entry["id"],
        identifier=f"{maker.lstrip('~')}:{name}",
        name=entry.get("name") or name,
        description=(entry.get("description") or "").strip(),
        context_window=entry.get("context_length"),
        max_output=(entry.get("top_provider") or {}).get("max_completion_tokens"),
        capabilities=frozenset(_capabilities(entry)),
        supports_reasoning="reasoning" in entry.get("supported_parameters", ()),
        prices=(
            Price(
                effective_from=datetime.combine(today, time(), UTC),
                rates=_rates(entry["pricing"]),
                source=source,
                dated=today,
            ),
        ),
        source=source,
    )


def _rates(pricing: Mapping[str, str]) -> Rates:
    """A class that it lists at nothing beside a paid prompt is one that it does not price by itself."""
    found = {ours: Decimal(pricing[theirs]) * MILLION for ours, theirs in PER_TOKEN.items() if theirs in pricing}
    extra = {name: value for name, value in found.items() if value or name in {"input", "output"}}
    fees = {ours: Decimal(pricing.get(theirs, "0")) * THOUSAND or None for ours, theirs in PER_THOUSAND.items()}
    return Rates(**{"input": None, "output": None, **extra, **fees})


def _capabilities(entry: Mapping[str, Any]) -> set[Capability]:
    takes = set((entry.get("architecture") or {}).get("input_modalities", ()))
    knows = set(entry.get("supported_parameters", ()))
    found: set[Capability] = {"streaming"}
    if "image" in takes:
        found.add("vision")
    if "audio" in takes:
        found.add("audio")
    if "tools" in knows:
        found.add("tools")
    if knows & {"structured_outputs", "response_format"}:
        found.add("structured_output")
    return found
