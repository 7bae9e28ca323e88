"""The most that may be used, and what was."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from budgets.choices import MaxTier, Measure, Mode, Period, ScopeKind
from budgets.models.accounts import Account, Membership
from budgets.models.keys import ApiKey
from routerhub import numerals
from routerhub.audit.errors import ChangeRefused
from routerhub.audit.models import Audited, Fact
from routerhub.tenancy.owners import Owner, by_account, seen_through

BY_SCOPE = Owner(
    name="scope",
    condition=f"{by_account().condition} OR owns_limit_of({{table}}.kind, {{table}}.subject)",
    readable="{table}.account_id IS NULL AND {table}.kind NOT IN ('account', 'key', 'user')",
)
"""Of the account whose limit it is, or of the account, key or person that it is of. The others are the site's; all see them."""

MAX_DAYS = 3_660


EACH = "*"
"""As a subject: the limit is one of each of them, by itself."""
OF_EACH = (ScopeKind.USER, ScopeKind.KEY, ScopeKind.WORKER, ScopeKind.SESSION, ScopeKind.TASK)
NUMBERED = frozenset({ScopeKind.ACCOUNT, ScopeKind.USER, ScopeKind.KEY})
"""Whose subject is an id."""


class Limit(Audited):
    """The most that one scope may use in a period, in the time zone of the account whose limit it is.

    Hard, unless its mode says otherwise: a worst case that does not fit is refused.
    """

    kind = models.CharField("scope", max_length=16, choices=ScopeKind)
    subject = models.CharField(
        max_length=200,
        blank=True,
        help_text="The id of an account, user or key; the name of a policy, model, provider, tag, worker, session or task; * for "
        "each user, key, worker, session or task by itself; empty for site.",
    )
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, null=True, blank=True, related_name="limits",
        help_text="Whose limit it is: it counts this account's requests alone, and keeps its time zone. Empty: the site's, UTC.",
    )  # fmt: skip
    measure = models.CharField(max_length=16, choices=Measure, default=Measure.MONEY)
    period = models.CharField(max_length=16, choices=Period, default=Period.MONTH)
    every_days = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MAX_DAYS)],
        help_text="Length of the period, where that is every N days.",
    )  # fmt: skip
    starts_on = models.DateField(
        null=True, blank=True, help_text="First day of the range, or one on which a period of N days begins."
    )
    ends_on = models.DateField(null=True, blank=True, help_text="Last day of the range.")
    amount = models.BigIntegerField(
        validators=[MinValueValidator(0)], help_text="Nano-dollars for money (1 USD = 1,000,000,000), else a count."
    )
    mode = models.CharField(max_length=16, choices=Mode, default=Mode.HARD, db_default=Mode.HARD)
    soft_percent = models.PositiveSmallIntegerField(
        "soft mark", default=80, db_default=80, validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Percent of the amount from which on it is near, and what pauses does so.",
    )  # fmt: skip
    max_tier = models.CharField(
        "dearest tier", max_length=16, choices=MaxTier, default=MaxTier.MID, db_default=MaxTier.MID,
        help_text="Of a limit that pauses: models of dearer tiers answer nothing while it is over the soft mark.",
    )  # fmt: skip
    counts_earlier = models.BooleanField(
        "counts what was spent earlier", default=True, db_default=True,
        help_text="What the running period has seen already when the limit is made counts too.",
    )  # fmt: skip
    is_given = models.BooleanField(
        "given by the site", default=False, db_default=False, help_text="Only staff may change it."
    )
    zone = models.CharField("time zone", max_length=64, default="UTC", db_default="UTC", editable=False)
    is_active = models.BooleanField("active", default=True)
    owned_by = BY_SCOPE
    shared_as = models.UUIDField(
        null=True, editable=False, unique=True,
        help_text="What it is called in every database that it is dealt out to; empty where this one has the whole of it.",
    )  # fmt: skip
    share = models.BigIntegerField(
        null=True, editable=False, help_text="Of one that is dealt out, what this database may use in each new period."
    )

    class Meta:
        ordering = ["kind", "subject", "measure", "period"]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "kind",
                    "subject",
                    "account",
                    "measure",
                    "period",
                    "every_days",
                    "starts_on",
                    "ends_on",
                    "mode",
                    "is_given",
                ],
                name="one_limit_per_scope_and_period",
                nulls_distinct=False,
                violation_error_message="There is such a limit already, of this scope, measure, period and mode.",
            ),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="limit_not_negative"),
            models.CheckConstraint(
                condition=models.Q(shared_as=None, share=None) | models.Q(shared_as__isnull=False, share__gte=0),
                name="share_of_what_is_dealt_out",
            ),
        ]

    called = ""
    """What its subject is called, where somebody looked that up: see budgets.limits.names.named."""

    def __str__(self) -> str:
        return f"{self.kind} {self.called or self.subject}, {self.measure} per {self.period}".replace(" ,", ",")

    def delete(self, *arguments: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Raises ChangeRefused where other databases go on by their shares of it. What was taken back there has a share of 0."""
        if self.shared_as is not None and (self.share or self.shares.exists()):
            raise ChangeRefused({"": f"{self} is dealt out: take its shares back first."})
        return super().delete(*arguments, **options)

    @classmethod
    def of_account(cls, account_id: int) -> models.Q:
        """The account's own, those of its keys and its members, and the site's that are of no account."""
        keys = ApiKey.objects.filter(account=account_id).values_list("pk", flat=True)
        members = Membership.objects.filter(account=account_id).values_list("user", flat=True)
        own = {ScopeKind.ACCOUNT: [account_id], ScopeKind.KEY: keys, ScopeKind.USER: members}
        found = ~models.Q(kind__in=own) | models.Q(subject=EACH)
        for kind, ids in own.items():
            found |= models.Q(kind=kind, subject__in=[str(each) for each in ids])
        return models.Q(account=account_id) | models.Q(account=None) & found

    def clean(self) -> None:
        problems = {**self._subject_problems(), **self._period_problems(), **self._mode_problems()}
        if problems:
            raise ValidationError(problems)

    def _subject_problems(self) -> dict[str, str]:
        if (self.kind == ScopeKind.SITE) != (self.subject == ""):
            return {"subject": "Empty for the whole site, and only for it."}
        if self.subject == EACH:
            allowed = ", ".join(OF_EACH)
            return (
                {}
                if self.kind in OF_EACH
                else {"subject": f"* is for each of: {allowed}. A limit of each {self.kind} there is not."}
            )
        if self.kind in NUMBERED and numerals.whole(self.subject) is None:
            return {"subject": f"{self.subject!r} is not a number: write the id of the {self.kind}."}
        if self.kind == ScopeKind.POLICY_TASK and not self.pk:
            return {"kind": "Comes with the policy: set its cost per task there."}
        return self._account_problems()

    def _account_problems(self) -> dict[str, str]:
        """Whose names they are: an account's limit is of its own, and names that requests give belong to an account."""
        if self.account_id is None:
            named = self.kind in {ScopeKind.WORKER, ScopeKind.SESSION, ScopeKind.TASK}
            return {"account": f"Say whose {self.kind} it is: accounts name theirs as they like."} if named else {}
        theirs = {
            ScopeKind.ACCOUNT: Account.objects.filter(pk=self.account_id),
            ScopeKind.KEY: ApiKey.objects.filter(account=self.account_id),
            ScopeKind.USER: get_user_model().objects.filter(memberships__account=self.account_id),
        }
        if self.kind == ScopeKind.SITE:
            return {"account": "Empty for a limit of the whole site."}
        if self.kind in NUMBERED and not theirs[ScopeKind(self.kind)].filter(pk=self.subject).exists():
            return {"subject": f"That {self.kind} is not of the account {self.account}."}
        return {}

    def _period_problems(self) -> dict[str, str]:
        needed = {Period.DAYS: {"every_days", "starts_on"}, Period.RANGE: {"starts_on", "ends_on"}}.get(
            Period(self.period), set()
        )
        given = {name for name in ("every_days", "starts_on", "ends_on") if getattr(self, name) is not None}
        problems = {name: f"Needed for the period {self.period!r}." for name in sorted(needed - given)}
        problems |= {name: f"Empty for the period {self.period!r}." for name in sorted(given - needed)}
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            problems["ends_on"] = f"{self.ends_on} is before the first day, {self.starts_on}."
        return problems

    def _mode_problems(self) -> dict[str, str]:
        if self.mode == Mode.PAUSE and (
            self.subject == EACH or self.kind in {ScopeKind.MODEL, ScopeKind.PROVIDER, ScopeKind.POLICY}
        ):
            return {"mode": "What pauses is of one scope, and of no policy, model or provider: those come later."}
        if self.kind == ScopeKind.POLICY_TASK and (self.mode != Mode.HARD or not self.is_active):
            return {"mode": "Comes with the policy, and is hard: take the cost per task off there."}
        return {}


class Counter(Fact):
    """What a limit has seen in one period. A new period is a new row, and so is a new measure; of each, one for each."""

    limit = models.ForeignKey(Limit, on_delete=models.CASCADE, related_name="counters")
    subject = models.CharField(
        max_length=300, blank=True, default="", db_default="", help_text="Which one, of a limit of each; else empty."
    )
    measure = models.CharField(max_length=16, choices=Measure)
    period = models.CharField(max_length=16, choices=Period)
    period_start = models.DateTimeField(help_text="1970-01-01 for a limit in all.")
    spent = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)
    sandbox = models.BigIntegerField(db_default=0, help_text="Of what is spent, how much the sandbox made up.")
    share = models.BigIntegerField(
        null=True, help_text="What this database may use of a limit that is dealt out; empty: the whole limit."
    )
    earlier = models.BigIntegerField(
        default=0, db_default=0, help_text="Of what is spent, how much had been before the limit counted."
    )
    is_paused = models.BooleanField(
        default=False, db_default=False, help_text="Whether it was over the soft mark of a limit that pauses."
    )
    owned_by = seen_through("limit_id", "budgets_limit")

    class Meta:
        ordering = ["limit", "-period_start"]
        constraints = [
            models.UniqueConstraint(
                fields=["limit", "subject", "period_start", "period", "measure"], name="one_counter_per_period"
            ),
            models.CheckConstraint(condition=models.Q(spent__gte=0, reserved__gte=0), name="counter_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.limit} from {self.period_start:%Y-%m-%d %H:%M}"
