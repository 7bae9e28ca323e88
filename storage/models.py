"""One table for all that is kept. The gateway writes it (storage.store), beat sweeps it (storage.tasks)."""

from django.db import models

from budgets.ownership import OwnedQuerySet
from routerhub.audit.models import Fact
from storage.choices import Kind


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

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "kept item"
        constraints = [models.UniqueConstraint(fields=["account_id", "kind", "name"], name="one_item_per_name")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
