"""The ledger's tables, which only the functions in budgets/sql/ write."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from budgets.choices import EntryKind, Outcome
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
    """What one hop was charged, once and for ever; and once more, what a charge at the ceiling was too much by."""

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
    outcome = models.CharField(max_length=16, choices=Outcome)
    settled_at = models.DateTimeField()
    owned_by = by_account()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "ledger"
        indexes = [models.Index(fields=["account_id", "settled_at"], name="ledgerentry_account_time")]
        constraints = [
            models.UniqueConstraint(fields=["operation_id", "hop", "kind"], name="one_entry_per_hop_and_kind"),
            models.CheckConstraint(
                condition=models.Q(kind=EntryKind.CHARGE, amount_nano__gte=0, tokens__gte=0)
                | models.Q(kind=EntryKind.CORRECTION, amount_nano__lte=0, tokens__lte=0),
                name="charges_add_and_corrections_give_back",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation_id}, hop {self.hop}, {self.kind}"
