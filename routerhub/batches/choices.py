"""The states of a batch, for people."""

from django.db.models import TextChoices


class Status(TextChoices):
    VALIDATING = "validating"
    IN_PROGRESS = "in_progress", "in progress"
    FINALIZING = "finalizing"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
