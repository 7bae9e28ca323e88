"""Price rows: added with a source and a date, doubted when they jump, approved or rejected by a person."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from models_registry.catalogue.compiler import LINE
from models_registry.models import Deployment, Price
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.releases import store


@transaction.atomic
def add(deployment: Deployment, values: dict[str, Any], change: Change) -> Price:
    """A new price of a deployment, published unless it waits for approval. Raises ValidationError."""
    row = Price(deployment=deployment, **values)
    row.full_clean()
    history.stamp(row, change)
    row.save()
    store.publish(LINE, change)
    return row


def waiting() -> QuerySet[Price]:
    """The prices in doubt, the newest first: a person approves or rejects each."""
    return (
        Price.objects.exclude(waits_because="").select_related("deployment__model").order_by("-effective_from", "-pk")
    )


@transaction.atomic
def approve(row: Price, change: Change) -> None:
    """Let a price that waits count. Where it has no source, the approval and its reason become the source."""
    row = _waiting(row)
    row.waits_because = ""
    row.source = row.source or f"approved by {change.author or 'a command'}: {change.reason}"[:255]
    history.stamp(row, change)
    row.save()
    store.publish(LINE, change)


@transaction.atomic
def reject(row: Price, change: Change) -> None:
    """Delete a price that waits; the history keeps it. It never counted, so no release changes."""
    history.delete([_waiting(row)], change)


def _waiting(row: Price) -> Price:
    """The row as it stands now, locked: somebody else may have decided meanwhile. Raises ValidationError."""
    found = Price.objects.select_for_update(of=("self",)).filter(pk=row.pk).first()
    if found is None:
        raise ValidationError("That price is gone: it was rejected already.")
    if not found.waits_because:
        raise ValidationError(f"{found} does not wait for approval: it is in force.")
    return found
