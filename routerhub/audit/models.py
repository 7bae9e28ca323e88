"""What the tables of every app are: configuration, of which every version is kept, or facts that the product writes itself."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from routerhub.tenancy.owners import by_account, by_user

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


class LinkKind(models.TextChoices):
    ROWS = "rows", "rows"
    DROPPED = "dropped", "a dropped partition"
    RESTART = "restart", "a new beginning"


class Link(Fact):
    """One link of the chain (routerhub.audit.chain): some rows that arrived between two transactions, and the link before it."""

    number = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=8, choices=LinkKind)
    table = models.CharField(max_length=64, help_text="empty: every table")
    part = models.DateField(
        null=True, help_text="the day of its rows, where the table is dropped by days; of a dropped partition the first"
    )
    part_end = models.DateField(null=True, help_text="of a dropped partition, the day after the last")
    columns = ArrayField(models.CharField(max_length=64), help_text="what of each row is sealed")
    arrived_from = models.BigIntegerField(help_text="the first transaction whose rows it may have")
    arrived_below = models.BigIntegerField(help_text="the first one after it")
    rows = models.BigIntegerField()
    digest = models.CharField(max_length=64, help_text="SHA-256 over the digests of its rows in their order")
    previous = models.CharField(max_length=64, help_text="the seal of the link before")
    seal = models.CharField(max_length=64, help_text="SHA-256 over all of the above")
    sealed_at = models.DateTimeField()
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["number"]
        indexes = [models.Index(fields=["table", "arrived_from"], name="audit_link_table")]

    def __str__(self) -> str:
        return f"link {self.number}"


class Sealed(Fact):
    """How far a table is sealed: every row of an earlier transaction is in some link."""

    table = models.CharField(max_length=64, primary_key=True)
    below = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.table} below {self.below}"


class Amendment(Fact):
    """A row as it was before it was amended, which its table allows while the row is open. A trigger keeps it."""

    table = models.CharField(max_length=64)
    account_id = models.BigIntegerField(null=True)
    arrived = models.BigIntegerField(help_text="the transaction that wrote what is kept here")
    row = models.JSONField()
    at = models.DateTimeField(db_default=Now())
    owned_by = by_account()

    class Meta:
        indexes = [models.Index(fields=["table", "arrived"], name="audit_amendment_arrived")]

    def __str__(self) -> str:
        return f"{self.table} of {self.at}"


class Event(Fact):
    """What somebody did that no configuration table keeps: a sign-in, an export, a look at a stored body."""

    at = models.DateTimeField(db_default=Now())
    kind = models.CharField(max_length=32)
    user_id = models.BigIntegerField(null=True)
    who = models.CharField(max_length=150, blank=True, help_text="as they were called then, or called themselves")
    account_id = models.BigIntegerField(null=True)
    address = models.GenericIPAddressField(null=True)
    subject = models.CharField(max_length=200, blank=True, help_text="what it was done to")
    text = models.TextField(blank=True)
    arrived = models.BigIntegerField(db_default=RawSQL("pg_current_xact_id()::text::bigint", []), editable=False)
    owned_by = by_account() | by_user()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_event_at"),
            models.Index(fields=["arrived"], name="audit_event_arrived"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}".strip()


class Verification(Fact):
    """A walk over the chain, or over its newest links, and what was found."""

    began_at = models.DateTimeField()
    took_ms = models.IntegerField()
    first = models.BigIntegerField("first link")
    head = models.BigIntegerField("last link")
    seal = models.CharField(max_length=64, help_text="that of the last link")
    rows = models.BigIntegerField()
    problems = models.JSONField()
    author = models.CharField(max_length=150, blank=True)
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-began_at", "-id"]

    def __str__(self) -> str:
        return f"links {self.first} to {self.head}"
