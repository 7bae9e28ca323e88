"""Limits that are dealt out over several databases: where their shares stand, and what is on its way between two."""

from django.db import models

from budgets.models.limits import Limit
from routerhub.audit.models import Fact
from routerhub.tenancy.owners import seen_through


class Share(Fact):
    """How one place was doing with its share of a limit when it was last asked. Kept at home, to look at."""

    limit = models.ForeignKey(Limit, on_delete=models.CASCADE, related_name="shares")
    place = models.CharField(max_length=32)
    period_start = models.DateTimeField()
    amount = models.BigIntegerField()
    used = models.BigIntegerField(help_text="Spent and reserved.")
    pace = models.BigIntegerField(
        default=0, help_text="What it uses from one look to the next, the last looks counting most."
    )
    seen_at = models.DateTimeField()
    problem = models.CharField(
        max_length=200, blank=True, help_text="Why it did not answer last; its figures are older then."
    )
    owned_by = seen_through("limit_id", "budgets_limit")

    class Meta:
        ordering = ["limit", "place"]
        constraints = [models.UniqueConstraint(fields=["limit", "place"], name="one_share_per_place")]

    def __str__(self) -> str:
        return f"{self.limit} at {self.place}"


class ShareTransfer(Fact):
    """Room that left one database for another. The giver has it as sent until the taker has it as arrived, and both know it by
    its id, so that it arrives once."""

    id = models.UUIDField(primary_key=True)
    limit = models.ForeignKey(Limit, on_delete=models.CASCADE, related_name="transfers")
    period_start = models.DateTimeField()
    giver = models.CharField(max_length=32)
    taker = models.CharField(max_length=32)
    amount = models.BigIntegerField()
    made_at = models.DateTimeField()
    arrived_at = models.DateTimeField(null=True)
    owned_by = seen_through("limit_id", "budgets_limit")

    class Meta:
        ordering = ["-made_at"]
        constraints = [models.CheckConstraint(condition=models.Q(amount__gt=0), name="transfer_of_something")]

    def __str__(self) -> str:
        return f"{self.amount} of {self.limit}, {self.giver} to {self.taker}"
