"""What a request may cause beside plain tokens at their list price: and is held for. Pure."""

from models_registry.types import NO_EXTRAS, Extras

MARK, HOUR = b'"cache_control"', b'"1h"'
MAX_SEARCHES = 10
"""Accepted limit: a model that may search does so a few times, and hardly anybody says how often. What goes beyond the hold is
kept apart, as overrun."""


def extras_of(body: bytes, searched_by: str = "", max_searches: int | None = None) -> Extras:
    """Of a request that may search where it says by what.

    Looks for the words of a cache alone: who writes them elsewhere has more held than needed, and pays no more for it.
    """
    has_hour_cache = MARK in body and HOUR in body
    if not (searched_by or has_hour_cache):
        return NO_EXTRAS
    searches = min(MAX_SEARCHES, max_searches or MAX_SEARCHES) if searched_by else 0
    return Extras(web_searches=searches, searched_by=searched_by, has_hour_cache=has_hour_cache)
