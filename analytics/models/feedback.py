"""What people thought of answers."""

from django.db import models

from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.models import Fact
from routerhub.tenancy.owners import by_account


class Feedback(Fact):
    """How satisfied somebody was with the answer to one request, or with what came of a selection: reported once, and again to
    correct it."""

    operation_id = models.UUIDField(primary_key=True)
    account_id = models.BigIntegerField()
    satisfaction = models.DecimalField(max_digits=4, decimal_places=3, help_text="0 (useless) to 1 (just right)")
    given_as = models.CharField(
        max_length=16, choices=[("satisfaction", "Satisfaction"), ("thumbs", "Thumbs"), ("score", "Score")],
        default="satisfaction", help_text="What was said: a share, up or down, or 1 to 5.",
    )  # fmt: skip
    user_id = models.BigIntegerField(null=True, help_text="Who said so; empty: a service's key.")
    comment = models.CharField(max_length=1000, blank=True)
    reported_at = models.DateTimeField(auto_now=True)
    objects = OwnedQuerySet.as_manager()
    owned_by = by_account()

    class Meta:
        ordering = ["-reported_at"]
        verbose_name_plural = "feedback"

    def __str__(self) -> str:
        return f"{self.operation_id}: {self.satisfaction}"
