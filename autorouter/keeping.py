"""Selections that are to be kept: by whoever stands above, and is not known here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from autorouter.types import Candidate, Decision
from budgets.types import Caller
from models_registry.types import Availability


@dataclass(frozen=True, kw_only=True, slots=True)
class Selected:
    """A selection that is to be kept."""

    caller: Caller
    decision: Decision
    candidate: Candidate
    availability: Availability
    at: datetime
    task_type: str
    session: str
    task_id: str
    worker: str
    tags: tuple[str, ...]
    metadata: Mapping[str, Any]


Keep = Callable[[Selected], UUID]
_keeping: list[Keep] = []


def keep_by(keep: Keep) -> None:
    """Who keeps selections says so here."""
    _keeping[:] = [keep]


def keep(selected: Selected) -> UUID:
    """Have it kept. Returns the id under which its outcome is told."""
    (kept,) = _keeping
    return kept(selected)
