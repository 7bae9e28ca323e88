"""Writing rows with a version of each in the history, one by one or many at once."""

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.dispatch import receiver
from simple_history.models import HistoricalRecords
from simple_history.signals import pre_create_historical_record
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from routerhub.audit.change import Change, address_of


@receiver(pre_create_historical_record)
def _note_address(instance: Any, history_instance: Any, **_: Any) -> None:
    """The change's address, or that of the request which this thread or task works for."""
    request = getattr(HistoricalRecords.context, "request", None)
    fallback = address_of(request) if request else None
    history_instance.ip = getattr(instance, "_change_address", None) or fallback


def stamp(row: Any, change: Change) -> None:
    """The next save of this row keeps the change in its history."""
    row._history_user, row._change_reason, row._change_address = change.author, change.reason, change.address


def create(rows: Sequence[Any], change: Change) -> list[Any]:
    """The rows, saved at once, with a first version of each in the history."""
    if not rows:
        return []
    made: list[Any] = bulk_create_with_history(
        rows, type(rows[0]), default_user=change.author, default_change_reason=change.reason,
        custom_historical_attrs={"ip": change.address},
    )  # fmt: skip
    return made


def update(rows: Sequence[Any], fields: Sequence[str], change: Change) -> None:
    """Save these fields of the rows at once, with a version of each in the history."""
    if rows:
        bulk_update_with_history(
            rows, type(rows[0]), fields, default_user=change.author, default_change_reason=change.reason,
            custom_historical_attrs={"ip": change.address},
        )  # fmt: skip


def delete(rows: Sequence[Any], change: Change) -> None:
    """Delete the rows one by one, each with a last version in the history; what hangs on them the same way, first."""
    for row in rows:
        for relation in row._meta.related_objects:
            if relation.on_delete is models.CASCADE and hasattr(relation.related_model, "history"):
                below = relation.related_model._default_manager.filter(**{relation.field.name: row})
                delete(list(below), change)
        stamp(row, change)
        row.delete()


def ever_named(model: Any, field: str) -> set[str]:
    """Every value that `field` has now or had in the past: what staff deleted was there, and is gone for a reason."""
    return {*model.objects.values_list(field, flat=True), *model.history.values_list(field, flat=True)}
