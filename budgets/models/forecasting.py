"""Spend by the hour, rolled up from the ledger, and what it lets one expect."""

from django.db import models

from budgets.models.limits import Limit
from routerhub.audit.models import Fact
from routerhub.tenancy.owners import by_account, seen_through


class Hour(Fact):
    """What was spent in one hour of UTC, which only the functions in sql/hours.sql write. An hour without spend has no row."""

    hour = models.DateTimeField(db_index=True, help_text="Its beginning.")
    amount_nano = models.BigIntegerField()
    tokens = models.BigIntegerField()
    requests = models.BigIntegerField()

    class Meta:
        abstract = True


class LimitHour(Hour):
    """What a limit saw."""

    limit = models.ForeignKey(Limit, on_delete=models.CASCADE, related_name="hours", db_index=False)
    owned_by = seen_through("limit_id", "budgets_limit")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["limit", "hour"], name="one_row_per_limit_and_hour")]

    def __str__(self) -> str:
        return f"{self.limit}, {self.hour:%Y-%m-%d %H}:00"


class AccountHour(Hour):
    """What an account spent, whether it had a limit or not: by that, a new limit knows how things went before it."""

    account_id = models.BigIntegerField()
    owned_by = by_account()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account_id", "hour"], name="one_row_per_account_and_hour")]

    def __str__(self) -> str:
        return f"account {self.account_id}, {self.hour:%Y-%m-%d %H}:00"


class LimitForecast(Fact):
    """The newest forecast of a limit's running period, in the limit's own measure."""

    limit = models.OneToOneField(Limit, on_delete=models.CASCADE, primary_key=True, related_name="forecast")
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    made_at = models.DateTimeField()
    history_hours = models.PositiveIntegerField(help_text="Hours since the first spend that is known, 91 days at most.")
    spent = models.BigIntegerField()
    expected = models.BigIntegerField(
        null=True, help_text="At the period's end. Empty where there is too little history."
    )
    low = models.BigIntegerField(null=True, help_text="In nine of ten cases it is more.")
    high = models.BigIntegerField(null=True, help_text="In nine of ten cases it is less.")
    passes_at = models.DateTimeField(null=True, help_text="When the limit will be reached; empty where it will not.")
    owned_by = seen_through("limit_id", "budgets_limit")

    class Meta:
        ordering = ["limit"]

    def __str__(self) -> str:
        return f"{self.limit} until {self.period_end:%Y-%m-%d %H:%M}"
