"""Accounts, keys and limits; and the ledger's tables, which only the functions in budgets/sql/ write."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from budgets.choices import EntryKind, KeyPermission, Measure, Outcome, Period, Role, ScopeKind
from routerhub import numerals
from routerhub.audit.models import Audited, Fact
from routerhub.region_fields import regions_field
from routerhub.regions import restriction, strictest


class Account(Audited):
    """An organisation that spends."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    is_active = models.BooleanField("active", default=True)
    is_pro = models.BooleanField("pro", default=False, help_text="May use the models that are marked pro.")
    keeps_responses = models.BooleanField(
        default=True,
        help_text="Responses are kept, so that they can be read and gone on from, unless a request says no.",
    )
    may_cache = models.BooleanField(
        "may use the cache",
        default=False,
        help_text="Requests that ask for it are answered by an earlier equal answer.",
    )
    refuses_stand_ins = models.BooleanField(
        default=False,
        help_text="Who names a retired model gets an error that names the successor, and not the successor's answer.",
    )
    regions = regions_field(
        "The only ones that its requests may be processed in, e.g. eu,ch. Empty: any. Key and request may restrict them further."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def of_account(cls, account_id: int) -> models.Q:
        return models.Q(id=account_id)


class Membership(Audited):
    """A person's role in an account."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role, default=Role.MEMBER)
    final_because = "A membership is not restored: who left an account is invited again."
    named_by = ("user", "account")

    class Meta:
        ordering = ["account", "user"]
        constraints = [models.UniqueConstraint(fields=["account", "user"], name="one_membership_per_account")]

    def __str__(self) -> str:
        return f"{self.user} in {self.account}"

    @classmethod
    def of_account(cls, account_id: int) -> models.Q:
        return models.Q(account_id=account_id)


def default_permissions() -> list[str]:
    return [KeyPermission.INFERENCE.value, KeyPermission.ROUTING.value]


class ApiKey(Audited):
    """A secret that an application calls with. Only its SHA-256 is kept: 256 random bits need no slow hash."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="keys")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, editable=False, help_text="The first characters, to tell keys apart.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    permissions = ArrayField(models.CharField(max_length=16, choices=KeyPermission), default=default_permissions)
    created_at = models.DateTimeField(auto_now_add=True)
    regions = regions_field(
        "The only ones that its requests may be processed in, of those that the account allows. Empty: all of these."
    )
    max_concurrent = models.PositiveIntegerField(
        "concurrent requests", null=True, blank=True, validators=[MinValueValidator(1)],
        help_text="The most of its requests that may be under way at once, in all processes together. Empty: any number.",
    )  # fmt: skip
    is_enabled = models.BooleanField("enabled", default=True, help_text="Off: it opens nothing until it is on again.")
    previous_digest = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    previous_until = models.DateTimeField(
        "old secret until",
        null=True,
        editable=False,
        help_text="So long the secret before the last rotation works too.",
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    final_because = "A key is not restored: what is revoked stays revoked. Make a new one."

    class Meta:
        ordering = ["account", "name"]
        verbose_name = "API key"
        verbose_name_plural = "API keys"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def clean(self) -> None:
        """That its regions and its account's have some in common."""
        if strictest(restriction(self.regions), restriction(self.account.regions)) == frozenset():
            raise ValidationError({"regions": f"Its account allows {', '.join(self.account.regions)} alone."})

    @classmethod
    def of_account(cls, account_id: int) -> models.Q:
        return models.Q(account_id=account_id)


class Limit(Audited):
    """The most that one scope may use in a period. It is hard: a worst case that does not fit is refused."""

    kind = models.CharField("scope", max_length=16, choices=ScopeKind)
    subject = models.CharField(
        max_length=128,
        blank=True,
        help_text="The id of an account, user or key; the name of a policy, model, provider or tag; empty for site.",
    )
    measure = models.CharField(max_length=16, choices=Measure, default=Measure.MONEY)
    period = models.CharField(max_length=16, choices=Period, default=Period.MONTH)
    amount = models.BigIntegerField(
        validators=[MinValueValidator(0)], help_text="Nano-dollars for money (1 USD = 1,000,000,000), else a count."
    )
    is_active = models.BooleanField("active", default=True)

    class Meta:
        ordering = ["kind", "subject", "measure", "period"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject", "measure", "period"], name="one_limit_per_scope_and_period"
            ),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="limit_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}, {self.measure} per {self.period}".replace(" ,", ",")

    @classmethod
    def of_account(cls, account_id: int) -> models.Q:
        """Those of the account, its keys and its members, and those of no account."""
        keys = ApiKey.objects.filter(account=account_id).values_list("pk", flat=True)
        members = Membership.objects.filter(account=account_id).values_list("user", flat=True)
        own = {ScopeKind.ACCOUNT: [account_id], ScopeKind.KEY: keys, ScopeKind.USER: members}
        found = ~models.Q(kind__in=own)
        for kind, ids in own.items():
            found |= models.Q(kind=kind, subject__in=[str(each) for each in ids])
        return found

    def clean(self) -> None:
        if (self.kind == ScopeKind.SITE) != (self.subject == ""):
            raise ValidationError({"subject": "Empty for the whole site, and only for it."})
        if self.kind in {ScopeKind.ACCOUNT, ScopeKind.USER, ScopeKind.KEY} and numerals.whole(self.subject) is None:
            raise ValidationError({"subject": f"{self.subject!r} is not a number: write the id of the {self.kind}."})


class Counter(Fact):
    """What a limit has seen in one period. A new period is a new row, and so is a new measure."""

    limit = models.ForeignKey(Limit, on_delete=models.CASCADE, related_name="counters")
    measure = models.CharField(max_length=16, choices=Measure)
    period = models.CharField(max_length=16, choices=Period)
    period_start = models.DateTimeField(help_text="1970-01-01 for a limit in all.")
    spent = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)
    sandbox = models.BigIntegerField(db_default=0, help_text="Of what is spent, how much the sandbox made up.")

    class Meta:
        ordering = ["limit", "-period_start"]
        constraints = [
            models.UniqueConstraint(
                fields=["limit", "period_start", "period", "measure"], name="one_counter_per_period"
            ),
            models.CheckConstraint(condition=models.Q(spent__gte=0, reserved__gte=0), name="counter_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.limit} from {self.period_start:%Y-%m-%d %H:%M}"


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
