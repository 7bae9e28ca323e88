"""What the tables of every app are: configuration, of which every version is kept, or facts that the product writes itself."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.expressions import RawSQL
from simple_history.models import HistoricalRecords

SECRETS = ("digest", "previous_digest", "sealed")
"""Columns that no history keeps."""


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


def person(request: Any = None, **_: Any) -> AbstractBaseUser | None:
    """Who is behind a request, where nobody was named: a person that is logged in, or nobody."""
    user = getattr(request, "user", None)
    return user if isinstance(user, AbstractBaseUser) and user.is_authenticated else None


class Versions(HistoricalRecords):  # type: ignore[misc]  # it ships no types
    """The history of every audited table, without the columns that none may keep."""

    def fields_included(self, model: type[models.Model]) -> list[Any]:
        return [field for field in super().fields_included(model) if field.name not in SECRETS]

    def create_history_model(self, model: type[models.Model], inherited: bool) -> Any:
        made: Any = super().create_history_model(model, inherited)
        made._history_excluded_fields = [field.name for field in model._meta.fields if field.name in SECRETS]
        return made


class Audited(models.Model):
    """A configuration table: people change it, every version is kept, and (unless it says otherwise) can be restored."""

    history = Versions(bases=[Version], get_user=person, inherit=True)
    final_because = ""
    """Why an earlier version is never made current again; empty where it may be."""
    named_by: ClassVar[tuple[str, ...]] = ()
    """The related rows that its own name is made of, as for prefetch_related."""

    class Meta:
        abstract = True

    @classmethod
    def of_account(cls, _account_id: int) -> models.Q:
        """Which of its rows, and of their versions, a key of an account may see: all, unless they belong to accounts."""
        return models.Q()

    def predecessor(self) -> "Audited | None":
        """The row that this one took over from when it was added, where rows of its table follow one another."""
        return None


class Fact(models.Model):
    """A table that the product writes by itself: what happened, not what somebody decided. It has no history."""

    class Meta:
        abstract = True
