"""The price lists that can be synchronised with, by name."""

from collections.abc import Collection
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import get_args

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.timezone import now

from models_registry.errors import UnreadableSource
from models_registry.prices import syncing
from models_registry.prices.quarantine import plain
from models_registry.prices.sources import genai, openrouter
from models_registry.prices.sources.offers import Offer
from models_registry.prices.syncing import Kind, PriceChange
from models_registry.types import Price, Rates
from routerhub.audit.change import Change

SOURCES = ("genai-prices", "openrouter")
KINDS: tuple[Kind, ...] = get_args(Kind)


def offers(source: str, online: bool, today: date, content: bytes | None = None, url: str = "") -> list[Offer]:
    """What a price list says now. `content` is OpenRouter's list as a file. Raises UnreadableSource."""
    needs_network = online or (source == "openrouter" and content is None)
    if needs_network and not settings.ALLOW_ONLINE_PRICES:
        raise UnreadableSource("Fetching prices from the network is switched off (ALLOW_ONLINE_PRICES=false).")
    if source == "genai-prices":
        return genai.offers(online, today)
    if source == "openrouter":
        return openrouter.offers(openrouter.fetch(url or openrouter.URL) if content is None else content, today)
    raise UnreadableSource(f"source: {source!r} is not one of {', '.join(SOURCES)}.")


def compare(source: str, online: bool) -> list[PriceChange]:
    """What a price list has otherwise than the catalogue, now. Raises UnreadableSource."""
    moment = now()
    return syncing.compare(offers(source, online, moment.date()), moment)


def apply(source: str, online: bool, keys: Collection[str], change: Change) -> list[PriceChange]:
    """Apply what was chosen of the differences and return it. Raises ValidationError for a key that is none of theirs.

    Raises UnreadableSource, InvalidRelease; nothing is written then.
    """
    moment = now()
    listed = offers(source, online, moment.date())
    known = {each.key for each in syncing.compare(listed, moment)}
    if unknown := [key for key in keys if key not in known]:
        raise ValidationError({"keys": [f"{key!r} is not among the differences." for key in unknown]})
    return syncing.apply(listed, keys, moment, change)


def line(change: PriceChange) -> str:
    """A change as one line of text."""
    text = f"{change.kind:<9}{change.model:<42} {change.place:<48} {difference(change.before, change.after)}"
    if change.after and change.kind == "changed":
        text += f" from {change.after.effective_from:%Y-%m-%d}"
    remarks = [f"WAITS: {'; '.join(change.doubts)}"] if change.doubts else []
    remarks += [remark for remark in (change.obstacle, change.note) if remark]
    return text + "".join(f"\n{'':9}{remark}" for remark in remarks)


def difference(before: Price | None, after: Price | None) -> str:
    """The rates in which two prices differ, USD per 1M tokens, such as "input 2 -> 1.5, tiers changed"."""
    found = []
    for field in fields(Rates):
        old, new = (getattr(price.rates, field.name) if price else None for price in (before, after))
        if old != new:
            found.append(f"{field.name.replace('_', ' ')} {_plain(old)} -> {_plain(new)}")
    if before and after and before.tiers != after.tiers:
        found.append("tiers changed")
    return ", ".join(found)


def _plain(rate: Decimal | None) -> str:
    return "none" if rate is None else plain(rate)
