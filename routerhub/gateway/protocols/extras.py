"""What a request may cause beside plain tokens at their list price: held for, or refused. Pure."""

from collections.abc import Mapping
from typing import Any

from models_registry.types import NO_EXTRAS, Extras
from routerhub.gateway.errors import BadRequest

MARK, HOUR = b'"cache_control"', b'"1h"'
MAX_SEARCHES = 10
"""Accepted limit: a model that may search does so a few times, and hardly anybody says how often. What goes beyond the hold is
kept apart, as overrun."""
DEARER: Mapping[str, tuple[str, ...]] = {
    "service_tier": ("priority", "fast"),
    "speed": ("fast",),
    "inference_geo": ("us",),
}
"""What OpenAI's and Anthropic's servers charge more for than a price here says."""


def extras_of(raw: Mapping[str, Any], body: bytes, may_search: bool, max_searches: int | None = None) -> Extras:
    """Looks for the words of a cache alone: who writes them elsewhere has more held than needed, and pays no more for it.

    Raises BadRequest for what is charged above the price that would be held.
    """
    for name, values in DEARER.items():
        if raw.get(name) in values:
            text = f"{name}: {raw[name]!r} is charged above the list price, which is what is held; leave it out."
            raise BadRequest(text, name, "unsupported_parameter")
    has_hour_cache = MARK in body and HOUR in body
    if not (may_search or has_hour_cache):
        return NO_EXTRAS
    searches = min(MAX_SEARCHES, max_searches or MAX_SEARCHES) if may_search else 0
    return Extras(web_searches=searches, has_hour_cache=has_hour_cache)
