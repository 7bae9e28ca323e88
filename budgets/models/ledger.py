"""The ledger's tables, which only the functions in budgets/sql/ write."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

from budgets.choices import Basis, EntryKind, Outcome
from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.forms import MAX_REASON_CHARS
from routerhub.audit.models import Fact
from routerhub.tenancy.owners import by_account, through


class Hold(Fact):
    """A reserved worst case of one hop that is under way. The table's key is (operation_id, hop), see sql/tables.sql."""

    operation_id = models.UUIDField()
    hop = models.SmallIntegerField()
    account_id = models.BigIntegerField()
    key_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    amount_nano = models.BigIntegerField()
    tokens = models.BigIntegerField()
    counters = ArrayField(models.BigIntegerField())
    created_at = models.DateTimeField()
    lease_until = models.DateTimeField(db_index=True)
    owned_by = by_account()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_nano__gte=0, tokens__gte=0), name="hold_not_negative")
        ]

    def __str__(self) -> str:
        return f"{self.operation_id}, hop {self.hop}"


class Slot(Fact):
    """That of one operation among those that its key may have under way at once. It is free when the operation ends or, where its
    process died, when the lease is over, which that renews (see sql/slots.sql)."""

    operation_id = models.UUIDField(primary_key=True)
    key_id = models.BigIntegerField(db_index=True)
    lease_until = models.DateTimeField()
    owned_by = through("key_id", "budgets_apikey")

    class Meta:
        ordering = ["lease_until"]

    def __str__(self) -> str:
        return f"{self.operation_id} of key {self.key_id}"


class LedgerEntry(Fact):
    """What one hop was charged, once and for ever; once more, what a charge at the ceiling was too much by; and what people
    credited. PostgreSQL lets nobody change or delete a row (sql/append_only.sql)."""

    operation_id = models.UUIDField()
    hop = models.SmallIntegerField()
    kind = models.CharField(max_length=16, choices=EntryKind)
    account_id = models.BigIntegerField()
    key_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    amount_nano = models.BigIntegerField(
        help_text="Charged to the counters, never more than was held; of a correction, not above zero."
    )
    overrun_nano = models.BigIntegerField(default=0, help_text="What the upstream asked beyond the hold.")
    tokens = models.BigIntegerField()
    is_sandbox = models.BooleanField(
        "sandbox", default=False, help_text="Made up by the sandbox: nobody is billed for it."
    )
    counters = ArrayField(models.BigIntegerField())
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    settled_at = models.DateTimeField()
    incurred_at = models.DateTimeField(
        db_default=Now(), help_text="When it was reserved: it belongs to the periods and the month of that moment."
    )
    task_type = models.CharField(max_length=64, blank=True, default="")
    category = models.CharField(max_length=16, blank=True, default="")
    scopes = ArrayField(
        models.CharField(max_length=220), default=list, help_text="Whose limits counted it, as kind:subject."
    )
    model = models.CharField(max_length=128, blank=True, default="")
    provider = models.CharField(max_length=64, blank=True, default="")
    deployment = models.CharField(
        max_length=255, blank=True, default="", help_text="With the next field: the row of prices that was applied."
    )
    priced_from = models.DateTimeField(
        null=True, help_text="Since when that row is in force. Empty: no row was applied."
    )
    basis = models.CharField(max_length=16, choices=Basis, blank=True, default="")
    input_tokens = models.BigIntegerField(default=0)
    cache_read_tokens = models.BigIntegerField(default=0)
    cache_write_tokens = models.BigIntegerField(default=0)
    cache_write_1h_tokens = models.BigIntegerField("cache write tokens, 1 hour", default=0)
    audio_input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    reasoning_tokens = models.BigIntegerField(default=0)
    audio_output_tokens = models.BigIntegerField(default=0)
    web_searches = models.BigIntegerField(default=0)
    refers_to = models.UUIDField(null=True, help_text="Of a credit: the operation that it is for.")
    author_id = models.BigIntegerField(null=True)
    author = models.CharField(max_length=150, blank=True, db_default="", help_text="Of a credit: who gave it.")
    address = models.GenericIPAddressField(null=True)
    reason = models.CharField(max_length=MAX_REASON_CHARS, blank=True, db_default="")
    owned_by = by_account()
    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "ledger"
        indexes = [
            models.Index(fields=["account_id", "incurred_at"], name="ledgerentry_account_time"),
            models.Index(fields=["account_id", "-id"], name="ledgerentry_account"),
            BrinIndex(fields=["incurred_at"], name="ledgerentry_time", pages_per_range=32),
            models.Index(
                fields=["refers_to"], name="ledgerentry_refers_to", condition=models.Q(refers_to__isnull=False)
            ),
            models.Index(
                fields=["user_id", "incurred_at"],
                include=["account_id", "amount_nano", "is_sandbox"],
                condition=models.Q(user_id__isnull=False),
                name="ledgerentry_user_time",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["operation_id", "hop", "kind"], name="one_entry_per_hop_and_kind"),
            models.CheckConstraint(
                condition=models.Q(kind=EntryKind.CHARGE, amount_nano__gte=0, tokens__gte=0)
                | models.Q(kind__in=[EntryKind.CORRECTION, EntryKind.CREDIT], amount_nano__lte=0, tokens__lte=0),
                name="charges_add_and_all_others_give_back",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind=EntryKind.CREDIT) | ~models.Q(reason=""), name="credits_have_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation_id}, hop {self.hop}, {self.kind}"
