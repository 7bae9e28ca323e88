"""What notifications say was changed, as the parts of a snapshot that are to be read again. Pure."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Literal

Part = Literal["releases", "keys", "preferences", "limits", "facts", "circuits", "provider_keys", "experiments"]
WHOLE: dict[str, Part] = {
    "keys": "keys", "preferences": "preferences", "limits": "limits", "health": "facts", "measured": "facts",
    "circuits": "circuits", "provider_keys": "provider_keys",
    "experiments": "experiments",
}  # fmt: skip
ROWS = ("keys", "accounts", "preferences")
MAX_ROWS = 500
"""From so many rows on, the whole table is checked: that costs one pass over the versions of its rows."""
MAX_DIGITS = 18


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """Whole parts to check; single keys, the keys of single accounts, and single sets of preferences to read."""

    whole: frozenset[Part] = frozenset()
    keys: frozenset[int] = frozenset()
    accounts: frozenset[int] = frozenset()
    preferences: frozenset[int] = frozenset()


CIRCUITS = Changes(whole=frozenset({"circuits"}))
EVERYTHING = Changes(whole=frozenset({"releases", *WHOLE.values()}))


def understood(payloads: Iterable[str], lines: Container[str]) -> Changes:
    """All of them together. A payload is a line's name, one of WHOLE, or "keys:ID", "accounts:ID", "preferences:ID". What is
    none of these may mean anything: everything is checked."""
    whole: set[Part] = set()
    rows: dict[str, set[int]] = {name: set() for name in ROWS}
    for payload in payloads:
        name, _, row = payload.partition(":")
        if name in rows and row.isdecimal() and len(row) <= MAX_DIGITS:
            rows[name].add(int(row))
        elif payload in lines:
            whole.add("releases")
        elif payload in WHOLE:
            whole.add(WHOLE[payload])
        else:
            return EVERYTHING
    if len(rows["keys"] | rows["accounts"]) > MAX_ROWS:
        whole.add("keys")
    if len(rows["preferences"]) > MAX_ROWS:
        whole.add("preferences")
    return Changes(
        whole=frozenset(whole),
        keys=frozenset(rows["keys"]),
        accounts=frozenset(rows["accounts"]),
        preferences=frozenset(rows["preferences"]),
    )
