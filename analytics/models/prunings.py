"""What was dropped when its time was over."""

from django.db import models

from routerhub.audit.models import Fact


class Pruning(Fact):
    """One partition that was dropped, or the rows of one table that were deleted, see analytics.records.pruning."""

    kind = models.CharField(max_length=32, help_text="what it was of, e.g. records")
    part = models.CharField(max_length=80, help_text="the partition, or the table whose rows were deleted")
    until = models.DateTimeField(help_text="all of it was older than this")
    rows = models.BigIntegerField(help_text="that are gone")
    kept = models.BigIntegerField(help_text="rows of accounts under legal hold, which stayed")
    bytes = models.BigIntegerField(
        help_text="that the disk has back; 0 where rows were deleted: their table uses the room again"
    )
    reason = models.CharField(max_length=200)
    pruned_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["-pruned_at", "-id"]

    def __str__(self) -> str:
        return f"{self.part}: {self.rows:,} rows"
