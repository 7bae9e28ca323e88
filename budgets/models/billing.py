"""What was billed, and whether the books balance: rows that PostgreSQL lets nobody change (sql/append_only.sql)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import models

from budgets.choices import EntryKind
from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.forms import MAX_REASON_CHARS
from routerhub.audit.models import Fact
from routerhub.tenancy.owners import by_account


class BillingRecord(Fact):
    """What an account owes for one month, closed: with the names of that day, and never written again."""

    account_id = models.BigIntegerField()
    account = models.CharField(max_length=50, help_text="The account's slug when it was closed.")
    account_name = models.CharField(max_length=100)
    number = models.PositiveIntegerField(help_text="From 1 on without a gap, by account.")
    period_start = models.DateTimeField()
    period_end = models.DateTimeField(help_text="The first moment that is not in it any more.")
    time_zone = models.CharField(max_length=64)
    total_nano = models.BigIntegerField()
    closed_at = models.DateTimeField()
    author_id = models.BigIntegerField(null=True)
    author = models.CharField(max_length=150, blank=True, help_text="Who closed it; empty: the product itself.")
    reason = models.CharField(max_length=MAX_REASON_CHARS)
    objects = OwnedQuerySet.as_manager()
    owned_by = by_account()

    class Meta:
        ordering = ["-closed_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["account_id", "number"], name="one_billing_record_per_number"),
            models.UniqueConstraint(fields=["account_id", "period_start"], name="one_billing_record_per_month"),
        ]

    def __str__(self) -> str:
        return f"{self.account}-{self.number:04d}"

    @property
    def period(self) -> tuple[datetime, datetime]:
        """Its first moment and the first that is not in it any more, as it is there."""
        zone = ZoneInfo(self.time_zone)
        return self.period_start.astimezone(zone), self.period_end.astimezone(zone)


class BillingLine(Fact):
    """A part of a billing record: what one model, key, user and policy came to in one month."""

    record = models.ForeignKey(BillingRecord, on_delete=models.PROTECT, related_name="lines")
    account_id = models.BigIntegerField()
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=EntryKind)
    month = models.CharField(max_length=7, help_text="To which the entries belong, e.g. 2026-10.")
    is_late = models.BooleanField("late", help_text="They came after the record of their month was closed.")
    model = models.CharField(max_length=128, blank=True)
    key_id = models.BigIntegerField(null=True)
    key = models.CharField(max_length=100, blank=True)
    user_id = models.BigIntegerField(null=True)
    user = models.CharField(max_length=150, blank=True)
    policy = models.CharField(max_length=160, blank=True)
    entries = models.PositiveIntegerField()
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    amount_nano = models.BigIntegerField()
    by_ceiling_nano = models.BigIntegerField(
        help_text="Of that, what was charged at a ceiling, since price or usage was missing."
    )
    objects = OwnedQuerySet.as_manager()
    owned_by = by_account()

    class Meta:
        ordering = ["record", "position"]
        constraints = [models.UniqueConstraint(fields=["record", "position"], name="one_billing_line_per_position")]

    def __str__(self) -> str:
        return f"{self.record}, line {self.position}"


class BilledEntry(Fact):
    """On which billing record an entry of the ledger stands: on one, once."""

    entry_id = models.BigIntegerField(primary_key=True)
    record = models.ForeignKey(BillingRecord, on_delete=models.PROTECT, related_name="billed")
    account_id = models.BigIntegerField()
    owned_by = by_account()

    def __str__(self) -> str:
        return f"entry {self.entry_id}"


class Reconciliation(Fact):
    """One look at whether every counter is the sum of its entries, and what was repaired. The site's, of no one account."""

    began_at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    counters = models.PositiveIntegerField(help_text="So many were compared.")
    differences = models.JSONField(default=list, help_text="Those that differed, with both figures.")
    is_repair = models.BooleanField("repaired", default=False)
    author_id = models.BigIntegerField(null=True)
    author = models.CharField(max_length=150, blank=True)
    address = models.GenericIPAddressField(null=True)
    reason = models.CharField(max_length=MAX_REASON_CHARS)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M}"
