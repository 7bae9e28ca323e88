"""Who changed a configuration table, from where and why: written beside every version of it."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.expressions import RawSQL
from django.dispatch import receiver
from simple_history.models import HistoricalRecords
from simple_history.signals import pre_create_historical_record
from simple_history.utils import bulk_create_with_history, bulk_update_with_history


class Version(models.Model):
    """What every version keeps beside author, moment and reason."""

    ip = models.GenericIPAddressField(null=True, blank=True)
    transaction = models.BigIntegerField(
        db_default=RawSQL("pg_current_xact_id()::text::bigint", []),
        editable=False,
        help_text="PostgreSQL's number of the transaction: versions with the same one were written together.",
    )

    class Meta:
        abstract = True


def versions() -> HistoricalRecords:
    """The history of a configuration table of this project."""
    return HistoricalRecords(bases=[Version], get_user=person)


def person(request: Any = None, **_: Any) -> AbstractBaseUser | None:
    """Who is behind a request, where nobody was named: a person that is logged in, or nobody."""
    user = getattr(request, "user", None)
    return user if isinstance(user, AbstractBaseUser) and user.is_authenticated else None


def current_ip() -> str | None:
    """The address behind the request that this thread or task works for; None in a command."""
    request = getattr(HistoricalRecords.context, "request", None)
    return request.META.get("REMOTE_ADDR") or None if request else None


@receiver(pre_create_historical_record)
def _note_address(history_instance: Any, **_: Any) -> None:
    history_instance.ip = current_ip()


def stamp(row: Any, author: AbstractBaseUser | None, reason: str) -> None:
    """The next save of this row keeps author and reason in its history."""
    row._history_user = author
    row._change_reason = reason


def create(rows: Sequence[Any], author: AbstractBaseUser | None, reason: str) -> list[Any]:
    """The rows, saved at once, with a first version of each in the history."""
    if not rows:
        return []
    made: list[Any] = bulk_create_with_history(
        rows, type(rows[0]), default_user=author, default_change_reason=reason,
        custom_historical_attrs={"ip": current_ip()},
    )  # fmt: skip
    return made


def update(rows: Sequence[Any], fields: Sequence[str], author: AbstractBaseUser | None, reason: str) -> None:
    """Save these fields of the rows at once, with a version of each in the history."""
    if rows:
        bulk_update_with_history(
            rows, type(rows[0]), fields, default_user=author, default_change_reason=reason,
            custom_historical_attrs={"ip": current_ip()},
        )  # fmt: skip


def delete(rows: Sequence[Any], author: AbstractBaseUser | None, reason: str) -> None:
    """Delete the rows one by one, each with a last version in the history; what hangs on them the same way, first."""
    for row in rows:
        for relation in row._meta.related_objects:
            if relation.on_delete is models.CASCADE and hasattr(relation.related_model, "history"):
                below = relation.related_model._default_manager.filter(**{relation.field.name: row})
                delete(list(below), author, reason)
        stamp(row, author, reason)
        row.delete()


def ever_named(model: Any, field: str) -> set[str]:
    """Every value that `field` has now or had in the past: what staff deleted was there, and is gone for a reason."""
    return {*model.objects.values_list(field, flat=True), *model.history.values_list(field, flat=True)}


def author_of(request: Any) -> AbstractBaseUser | None:
    """The person behind an API request, also by a key of theirs; a key that belongs to nobody has none."""
    found = request.user if isinstance(request.user, AbstractBaseUser) else getattr(request.user, "person", None)
    return found if isinstance(found, AbstractBaseUser) else None
