"""What is kept, and which files its pieces make. The gateway writes it (storage.store, storage.files), beat sweeps it."""

from django.db import models

from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.models import Fact
from routerhub.storage.choices import Kind
from routerhub.tenancy.owners import by_account


class Item(Fact):
    """Something kept for an account under a name. Names are read by staff; what is kept is sealed, see routerhub.sealing."""

    account_id = models.BigIntegerField()
    kind = models.CharField(max_length=16, choices=Kind)
    name = models.CharField(max_length=255)
    claim = models.UUIDField(null=True, help_text="Who is making what will be kept; empty when it is there.")
    sealed = models.BinaryField()
    size = models.PositiveIntegerField(help_text="bytes, sealed")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    objects = OwnedQuerySet.as_manager()
    owned_by = by_account()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "kept item"
        constraints = [models.UniqueConstraint(fields=["account_id", "kind", "name"], name="one_item_per_name")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class File(Fact):
    """A file that an account sent, or that a batch wrote for it. Its content is kept in pieces, as items."""

    id = models.CharField(max_length=64, primary_key=True)
    account_id = models.BigIntegerField()
    filename = models.CharField(max_length=255)
    purpose = models.CharField(max_length=32)
    size = models.BigIntegerField(help_text="bytes")
    pieces = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    objects = OwnedQuerySet.as_manager()
    owned_by = by_account()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["account_id", "created_at"], name="file_account_time")]

    def __str__(self) -> str:
        return self.filename
