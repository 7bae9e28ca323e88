"""Price rows: added with a source and a date, doubted when they jump, approved or rejected by a person."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction

from models_registry import audit, catalogue
from models_registry.models import Deployment, Price


@transaction.atomic
def add(deployment: Deployment, values: dict[str, Any], author: AbstractBaseUser | None, reason: str) -> Price:
    """A new price of a deployment, published unless it waits for approval. Raises ValidationError."""
    row = Price(deployment=deployment, **values)
    row.full_clean()
    audit.stamp(row, author, reason)
    row.save()
    catalogue.publish(author, reason)
    return row


@transaction.atomic
def approve(row: Price, author: AbstractBaseUser | None, reason: str) -> None:
    """Let a price that waits count. Where it has no source, the approval and its reason become the source."""
    _demand_waiting(row)
    row.waits_because = ""
    row.source = row.source or f"approved by {author or 'a command'}: {reason}"[:255]
    audit.stamp(row, author, reason)
    row.save()
    catalogue.publish(author, reason)


@transaction.atomic
def reject(row: Price, author: AbstractBaseUser | None, reason: str) -> None:
    """Delete a price that waits; the history keeps it. It never counted, so no release changes."""
    _demand_waiting(row)
    audit.stamp(row, author, reason)
    row.delete()


def _demand_waiting(row: Price) -> None:
    if not row.waits_because:
        raise ValidationError(f"{row} does not wait for approval: it is in force.")
