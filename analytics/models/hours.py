"""What anomalies are found by."""

from django.db import models

from routerhub.audit.models import Fact
from routerhub.tenancy.owners import by_account


class HourFigures(Fact):
    """What one account, model or provider did in one hour, as anomalies are found by it. See analytics.anomalies.hours."""

    kind = models.CharField(
        max_length=16, choices=[("account", "Account"), ("model", "Model"), ("provider", "Provider")]
    )
    subject = models.CharField(max_length=128, help_text="The id of an account or model, the name of a provider.")
    account_id = models.BigIntegerField(null=True, help_text="Of an account's hours; empty: the site's.")
    hour = models.DateTimeField(db_index=True, help_text="Its beginning.")
    requests = models.PositiveIntegerField(help_text="Those that were answered or failed.")
    failures = models.PositiveIntegerField()
    cost_nano = models.BigIntegerField()
    latency_ms = models.PositiveIntegerField(help_text="The median of the answers; 0 where there was none.")
    owned_by = by_account()

    class Meta:
        ordering = ["-hour"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject", "hour"], name="one_row_of_figures_per_subject_and_hour")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}, {self.hour:%Y-%m-%d %H}:00"
