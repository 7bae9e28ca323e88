"""The standing of every model, remembered while nothing that it depends on changes.

Most of what is asked of a model (its price, its status, whether it can be called) is the same from request to request:
working it out anew took two thirds of a decision. The memory is keyed by the values themselves, so the result is that of
the pure function, always.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from autorouter.decision.candidates import Standing, standing_of
from autorouter.types import Constraints
from models_registry.types import Availability, Catalogue

MAX_REMEMBERED = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """Standings, and from when to when they are right. The catalogue is held on to, so that its identity stays its own."""

    catalogue: Catalogue
    standings: Mapping[str, Standing]
    since: datetime
    until: datetime


_memory: dict[object, Remembered] = {}


def standings_of(
    catalogue: Catalogue, constraints: Constraints, availability: Availability, now: datetime
) -> Mapping[str, Standing]:
    """Every model's standing at `now`, by id."""
    key = (
        id(catalogue), availability.providers, availability.sandbox, availability.open_circuits, availability.health,
        constraints.blocked_providers, constraints.blocked_models, constraints.allowed, constraints.allow_internal, constraints.priority == "privacy",
    )  # fmt: skip
    found = _memory.get(key)
    if found is None or found.catalogue is not catalogue or not found.since <= now < found.until:
        found = _work_out(catalogue, constraints, availability, now)
        if len(_memory) >= MAX_REMEMBERED:
            _memory.clear()
        _memory[key] = found
    return found.standings


def _work_out(catalogue: Catalogue, constraints: Constraints, availability: Availability, now: datetime) -> Remembered:
    day = datetime(now.year, now.month, now.day, tzinfo=UTC)
    changes = [
        price.effective_from
        for model in catalogue.models.values()
        for deployment in model.deployments
        for price in deployment.prices
    ]
    return Remembered(
        catalogue=catalogue,
        standings={
            name: standing_of(model, catalogue, constraints, availability, now)
            for name, model in catalogue.models.items()
        },
        since=max([day, *(change for change in changes if change <= now)]),
        until=min([day + timedelta(days=1), *(change for change in changes if change > now)]),
    )
