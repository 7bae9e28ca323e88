"""What a request may cause beside plain tokens at their list price: and is held for. Pure."""

from models_registry.types import NO_EXTRAS, Extras

MARK, HOUR = b'"cache_control"', b'"1h"'
MAX_SEARCHES = 10
"""Accepted limit: a model that may search does so a few times, and hardly anybody says how often. What goes beyond the hold is
kept apart, as overrun."""


def extras_of(body: bytes, may_search: bool, max_searches: int | None = None) -> Extras:
    """Looks for the words of a cache alone: who writes them elsewhere has more held than needed, and pays no more for it."""
    has_hour_cache = MARK in body and HOUR in body
    if not (may_search or has_hour_cache):
        return NO_EXTRAS
    searches = min(MAX_SEARCHES, max_searches or MAX_SEARCHES) if may_search else 0
    return Extras(web_searches=searches, has_hour_cache=has_hour_cache)
