"""Files that are written in the background, and kept for a while."""

import uuid

from django.conf import settings
from django.db import models

from routerhub.audit.models import Fact
from routerhub.tenancy.owners import by_account, by_user


class ExportState(models.TextChoices):
    WAITING = "waiting", "Waiting for a worker"
    RUNNING = "running", "Being written"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"


class Export(Fact):
    """A selection of requests on its way into a file: whose, what, how far, and until when. See analytics.exports.jobs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    account_id = models.BigIntegerField(null=True, help_text="Of whose key asked for it; empty: a login did.")
    query = models.JSONField(help_text="The filters, by field, with the range as moments.")
    format = models.CharField(max_length=8)
    name = models.CharField(max_length=120, help_text="Of the file.")
    state = models.CharField(max_length=16, choices=ExportState, default=ExportState.WAITING)
    rows = models.BigIntegerField(default=0, help_text="Written so far.")
    size = models.BigIntegerField(default=0, help_text="bytes")
    problem = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(auto_now=True)
    expires_at = models.DateTimeField(null=True)
    owned_by = by_account() | by_user()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "touched_at"], name="export_state")]

    def __str__(self) -> str:
        return f"{self.name}.{self.format}"


class ExportPiece(Fact):
    """A part of the file, sealed for its export alone."""

    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    sealed = models.BinaryField()

    class Meta:
        ordering = ["export", "number"]
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="one_piece_per_number")]

    def __str__(self) -> str:
        return f"{self.export_id} {self.number}"
