"""One table of batches. The gateway writes it (routerhub.batches.store); staff look at it and cancel."""

from django.db import models

from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.models import Fact
from routerhub.batches.choices import Status
from routerhub.tenancy.owners import by_account


class Batch(Fact):
    """Many requests of one file. Their texts are in files (storage.File); here is how far they are, and what they cost."""

    id = models.CharField(max_length=64, primary_key=True)
    account_id = models.BigIntegerField()
    key_id = models.BigIntegerField(help_text="The key that made it. When it is revoked, the batch stops.")
    endpoint = models.CharField(max_length=64)
    status = models.CharField(max_length=16, choices=Status)
    input_file_id = models.CharField("input file", max_length=64)
    completion_window = models.CharField(max_length=16)
    metadata = models.JSONField(null=True)
    result_retention_s = models.PositiveIntegerField(help_text="seconds")
    ip = models.GenericIPAddressField(null=True)
    total = models.PositiveIntegerField(default=0)
    completed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    cost_nano = models.BigIntegerField(default=0)
    is_sandbox = models.BooleanField("sandbox", default=False)
    groups = models.JSONField(default=dict)
    errors = models.JSONField(default=list)
    output_bytes = models.BigIntegerField(default=0)
    error_bytes = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="What is not answered by then is not asked any more.")
    in_progress_at = models.DateTimeField(null=True)
    finalizing_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    expired_at = models.DateTimeField(null=True)
    cancelling_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    worker = models.UUIDField(null=True, help_text="Who works on it.")
    lease_until = models.DateTimeField(null=True, help_text="From then on another worker may take it.")
    objects = OwnedQuerySet.as_manager()
    owned_by = by_account()

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "batches"
        indexes = [
            models.Index(fields=["account_id", "created_at"], name="batch_account_time"),
            models.Index(fields=["created_at"], name="batch_time"),
            models.Index(
                fields=["lease_until"],
                name="batch_unfinished",
                condition=models.Q(status__in=["validating", "in_progress", "finalizing", "cancelling"]),
            ),
        ]

    def __str__(self) -> str:
        return self.id
