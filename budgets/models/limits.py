"""The most that may be used, and what was."""

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from budgets.choices import Measure, Period, ScopeKind
from budgets.models.accounts import Membership
from budgets.models.keys import ApiKey
from routerhub import numerals
from routerhub.audit.models import Audited, Fact
from routerhub.tenancy.owners import Owner, seen_through

BY_SCOPE = Owner(
    name="scope",
    condition="owns_limit_of({table}.kind, {table}.subject)",
    readable="{table}.kind NOT IN ('account', 'key', 'user')",
)
"""Of the account, key or person that the limit is of. Those of no account are the site's, and seen by all that they hold for."""


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
    owned_by = BY_SCOPE

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
    owned_by = seen_through("limit_id", "budgets_limit")

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
