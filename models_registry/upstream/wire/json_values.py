"""Values out of any JSON that a server may send, whatever it turns out to be: what makes no sense is not there. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> Sequence[Mapping[str, Any]]:
    """The objects in a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    return value if isinstance(value, str) else ""


def count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def joined(parts: Iterable[Mapping[str, Any]], name: str) -> str:
    """The texts of that name."""
    return "".join([part[name] for part in parts if isinstance(part.get(name), str)])
