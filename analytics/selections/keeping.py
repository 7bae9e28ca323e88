"""Selections that are kept, completed once with their outcome, and forgotten in time."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.timezone import now

from analytics.models import Selection
from analytics.selections import recording
from analytics.selections.errors import AlreadyCompleted, CostUnknown, UnknownDeployment
from analytics.selections.types import Outcome, Reckoned
from budgets.types import to_nano
from models_registry.errors import ImpossibleUsage, UnknownPrice
from models_registry.prices import pricing
from models_registry.types import Deployment, Model
from routerhub.releases import live, store


@transaction.atomic
def complete(selection_id: UUID, outcome: Outcome) -> tuple[Selection, bool]:
    """The selection with its outcome, which is recorded with it, and whether that is new.

    Raises Selection.DoesNotExist, AlreadyCompleted, UnknownDeployment, CostUnknown.
    """
    row = Selection.objects.select_for_update().get(pk=selection_id)
    told = outcome.as_json()
    if row.outcome is not None:
        if _told(row.outcome, told) != told:
            raise AlreadyCompleted(row.pk, row.outcome)
        return row, False
    reckoned = _reckoned(row, outcome)
    row.outcome = {**told, "reckoned_nano": reckoned.nano, "cost_basis": reckoned.basis}
    row.completed_at = now()
    row.save(update_fields=["outcome", "completed_at"])
    recording.record(row, outcome, reckoned)
    return row, True


def _told(kept: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Of a kept outcome what was told, and not reckoned."""
    return {name: value for name, value in kept.items() if name in told}


def _reckoned(row: Selection, outcome: Outcome) -> Reckoned:
    place, model = _place(row, outcome.deployment)
    provider = place.provider if place else row.provider
    if outcome.cost_usd is not None:
        return Reckoned(nano=to_nano(outcome.cost_usd), basis="priced", provider=provider)
    if not outcome.input_tokens and not outcome.output_tokens:
        return Reckoned(nano=0, basis="no_usage", provider=provider)
    try:
        cost = pricing.cost(pricing.price_at(place.prices if place else (), row.created_at), outcome.usage)
    except (UnknownPrice, ImpossibleUsage) as problem:
        raise CostUnknown(model.id, str(problem)) from problem
    return Reckoned(nano=to_nano(cost), basis="priced", provider=provider)


def _place(row: Selection, named: str) -> tuple[Deployment | None, Model]:
    """Where it was called: by the catalogue of the release that decided. Raises UnknownDeployment."""
    number = row.catalogue_release
    live_ones = live.current().lines["catalogue"].releases
    model: Model = (live_ones.get(number) or store.release("catalogue", number)).models[row.model]
    known = {each.id: each for each in model.deployments}
    if named and named not in known:
        raise UnknownDeployment(named, known)
    return known[named] if named else next(iter(model.deployments), None), model


def forget() -> int:
    """Drop selections that are older than SELECTION_RETENTION_S, completed or not; the records of outcomes stay. How many."""
    oldest = now() - timedelta(seconds=settings.SELECTION_RETENTION_S)
    return Selection.objects.filter(created_at__lt=oldest).delete()[0]
