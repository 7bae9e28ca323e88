"""Batches for processes that ask the database through Django: staff cancel them as clients do, workers see whether any waits."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models.functions import Now

from routerhub.batches.choices import Status
from routerhub.batches.errors import NotCancellable
from routerhub.batches.models import Batch
from routerhub.batches.store import CANCEL

ENDED = (Status.COMPLETED, Status.FAILED, Status.EXPIRED, Status.CANCELLED)


def cancel(batches: Iterable[Batch]) -> list[str]:
    """Let whoever works on them stop. Returns the ids of those that had not ended."""
    with connection.cursor() as cursor:
        cursor.execute(CANCEL, {"ids": [batch.pk for batch in batches]})
        return [row[0] for row in cursor.fetchall()]


def cancel_one(batch: Batch) -> None:
    """Raises ValidationError where it has ended."""
    if not cancel([batch]):
        raise ValidationError(str(NotCancellable(batch.pk, batch.status)))
    batch.refresh_from_db()


def is_any_waiting() -> bool:
    """Whether some batch has work left and no worker is there to see it."""
    waiting = Batch.objects.exclude(status__in=ENDED)
    return waiting.exists() and not waiting.filter(lease_until__gte=Now()).exists()
