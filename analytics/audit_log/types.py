"""What is asked of the audit log, and what it tells. Pure but for the rows themselves."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Empty and None: any."""

    since: datetime | None = None
    until: datetime | None = None
    who: str = ""
    """A person's name, or a key's."""
    address: str = ""
    """One, or a network as 10.0.0.0/8."""
    kind: str = ""
    subject: str = ""
    """What it was done to: a table, a model, or what an event names."""
    account_id: int | None = None
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Viewer:
    """Whoever asks, and whose rows they may see."""

    user: Any
    accounts: Collection[int] | None
    """None: all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One thing that happened."""

    at: datetime
    source: str
    """request, event, or the name of a table with a history."""
    key: str
    """Its id there."""
    kind: str
    who: str
    address: str
    account: str
    subject: str
    text: str
    changes: tuple[Any, ...] = field(default=())
    """Field by field, of a change."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    entries: list[Entry]
    following: str
    """What the next page begins behind; empty: there is none."""
    looked_back_to: datetime | None
    """Where the search stopped for now, if it did before the page was full."""
