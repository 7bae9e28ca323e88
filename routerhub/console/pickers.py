"""What people choose from by name: what is live, without what is for the site's own use alone."""

from typing import Any

from routerhub.releases import live


def models() -> dict[str, str]:
    """Names by id. Raises DatabaseError."""
    return {each.id: each.name for each in _live("catalogue").models.values() if not each.is_internal_only}


def providers() -> dict[str, str]:
    """Titles by name. Raises DatabaseError."""
    return {each.name: each.title for each in _live("catalogue").providers.values()}


def policies() -> dict[str, str]:
    """Raises DatabaseError."""
    return {name: name for name in _live("router").policies}


def _live(line: str) -> Any:
    found = live.current().lines[line]
    return found.releases[found.pointer.stable]
