"""What could be called at some time, kept under its digest so that a record can name it."""

from models_registry import availability
from models_registry.types import Availability

_kept: dict[str, Availability] = {}


def keep(facts: Availability) -> str:
    """Keep them and return their digest."""
    name = availability.digest(facts)
    _kept[name] = facts
    return name


def read(digest: str) -> Availability:
    return _kept[digest]
