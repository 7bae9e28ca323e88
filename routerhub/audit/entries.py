"""What the history is made of: versions of the tables that keep one, and parts of it that come from elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from simple_history.models import registered_models

from routerhub.audit.models import Audited


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldChange:
    """One field that a version has otherwise than the one before it."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionEntry:
    """One version of one row. `changes` is None where they were not asked for."""

    table: str
    id: int
    row: str
    """Primary key of the row."""
    name: str
    """How the row called itself."""
    kind: str
    """added, changed or deleted"""
    at: datetime
    author: str
    ip: str | None
    reason: str
    changes: tuple[FieldChange, ...]
    address: str = ""
    """Where it is looked at; empty: as a version, which can be restored."""

    @property
    def title(self) -> str:
        """What people call the table."""
        return title_of(self.table)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What of a history is asked for, whichever table it is of."""

    author: str
    kind: str
    q: str
    since: date | None
    until: date | None
    limit: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Something that happened, before it is looked at closely."""

    history_date: datetime
    history_id: int
    described: Callable[[], VersionEntry]


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A part of the history that is no table's versions."""

    name: str
    """Under which it is asked for, like a table."""
    title: str
    model: type[models.Model]
    """Who may view these rows sees it."""
    found: Callable[[Asked], list[Found]]
    """The newest first."""


SOURCES: dict[str, Source] = {}
"""By name. Each app registers its own when it starts."""


def tables() -> dict[str, type[Audited]]:
    """Every table that keeps a history, by name."""
    return {model._meta.model_name or "": model for model in registered_models.values()}


def title_of(name: str) -> str:
    """What people call a table, or another part of the history. Raises ValidationError."""
    return SOURCES[name].title if name in SOURCES else str(table_of(name)._meta.verbose_name)


def table_of(name: str) -> type[Audited]:
    """Raises ValidationError for a table without history."""
    known = tables()
    if name not in known:
        raise ValidationError({"table": f"{name!r} is not one of {', '.join(sorted(known))}."})
    return known[name]
