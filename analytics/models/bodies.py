"""What was said, apart from the records: see docs/bodies.md."""

from django.db import models

from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.models import Fact
from routerhub.tenancy.owners import by_account


class Body(Fact):
    """What one request and its answer said, redacted before it was sealed (see routerhub.sealing)."""

    operation_id = models.UUIDField(primary_key=True)
    account_id = models.BigIntegerField()
    created_at = models.DateTimeField(db_index=True)
    sealed_request = models.BinaryField()
    sealed_answer = models.BinaryField(null=True, help_text="Empty where there was no whole answer.")
    size = models.PositiveIntegerField(help_text="Bytes of the request as it came in.")
    is_cut = models.BooleanField("cut", help_text="Whether more was said than is kept.")
    redacted = models.JSONField(help_text="How much of each kind was taken out.")
    objects = OwnedQuerySet.as_manager()
    owned_by = by_account()

    class Meta:
        ordering = ["-created_at"]
        default_permissions = ("view", "delete")
        verbose_name = "body"
        verbose_name_plural = "bodies"
        indexes = [models.Index(fields=["account_id", "created_at"], name="body_account_time")]

    def __str__(self) -> str:
        return str(self.operation_id)
