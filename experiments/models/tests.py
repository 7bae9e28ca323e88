"""Tests of one variant against another: what is compared, in which phases, and what was found when."""

import secrets
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from budgets.people.ownership import OwnedQuerySet
from experiments.ab import checking
from experiments.choices import Allocation, Declared, ExperimentState, Measure, Unit
from routerhub.audit.models import Audited, Fact
from routerhub.tenancy.owners import by_account

SHARES = [MinValueValidator(1, "Write 1 to 99."), MaxValueValidator(99, "Write 1 to 99.")]
EXPOSURES = [MinValueValidator(1, "Write 1 to 100."), MaxValueValidator(100, "Write 1 to 100.")]
PLANNED_DAYS = [MinValueValidator(1, "Write 1 to 365."), MaxValueValidator(365, "Write 1 to 365.")]


def new_salt() -> str:
    """By which units are dealt to variants: another test deals them anew."""
    return secrets.token_hex(8)


class Experiment(Audited):
    """A test of variant B against A, for a user, an account or everybody. experiments.ab.lifecycle alone writes it."""

    name = models.CharField(max_length=100)
    question = models.CharField(max_length=300, blank=True, help_text="What is to be found out, in a sentence.")
    account = models.ForeignKey(
        "budgets.Account", on_delete=models.CASCADE, null=True, blank=True, related_name="+",
        help_text="Whose requests. Empty: everybody's.",
    )  # fmt: skip
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+",
        help_text="Whose requests alone. Empty: all of the account's.",
    )  # fmt: skip
    unit = models.CharField(max_length=8, choices=Unit, default=Unit.USER, help_text="What is assigned as a whole.")
    a = models.JSONField("variant A", help_text="What is compared with: kind and value.")
    b = models.JSONField("variant B", help_text="What is tried: kind and value.")
    share_b = models.PositiveSmallIntegerField("share of B", default=50, validators=SHARES, help_text="percent")
    exposure = models.PositiveSmallIntegerField(
        default=100, validators=EXPOSURES, help_text="Percent of the units that take part at all."
    )
    main = models.CharField("main measure", max_length=16, choices=Measure, default=Measure.COST)
    guardrails = models.JSONField(
        default=list, blank=True, help_text='What stops B by itself, e.g. [{"measure": "success", "margin": 0.02}].'
    )
    budget_usd = models.DecimalField(
        "budget", max_digits=18, decimal_places=9, null=True, blank=True,
        validators=[MinValueValidator(Decimal("0.000000001"))],
        help_text="USD that B may cost in all. Empty: no more than the limits let it.",
    )  # fmt: skip
    planned_days = models.PositiveSmallIntegerField(default=14, validators=PLANNED_DAYS)
    allocation = models.CharField(max_length=8, choices=Allocation, default=Allocation.FIXED)
    floor = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(1), MaxValueValidator(49)],
        help_text="Percent of the units that each variant gets at least, where the allocation is adaptive.",
    )  # fmt: skip
    tuned_for = models.PositiveIntegerField(
        default=2_000, validators=[MinValueValidator(10), MaxValueValidator(1_000_000_000)],
        help_text="With how many requests the intervals are narrowest, as the sample-size calculator says. Fixed at the start.",
    )  # fmt: skip
    share_b_now = models.FloatField(
        null=True, editable=False, help_text="What new units get of B at present, where the allocation is adaptive."
    )
    salt = models.CharField(max_length=32, default=new_salt, editable=False)
    state = models.CharField(max_length=8, choices=ExperimentState, default=ExperimentState.DRAFT)
    phase = models.PositiveSmallIntegerField(default=0, editable=False, help_text="Its newest; 0 before it starts.")
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    declared = models.CharField(max_length=8, choices=Declared, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, help_text="Why it was stopped or declared so.")
    stopped_by = models.CharField(
        max_length=16, blank=True, help_text='The guardrail that broke, or "budget", "plan" or "person".'
    )
    applied = models.JSONField(
        default=dict, blank=True, editable=False, help_text="What became the default, and what was before it."
    )
    objects = OwnedQuerySet.as_manager()
    final_because = "A test is not restored as it was: what it has measured since belongs to it. Make a new one."
    owned_by = by_account()

    class Meta:
        ordering = ["-id"]
        verbose_name = "A/B test"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "user"], condition=models.Q(state__in=["running", "stopped"]), nulls_distinct=False,
                name="one_running_test_per_scope",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @classmethod
    def of_account(cls, account_id: int) -> models.Q:
        return models.Q(account_id=account_id)

    @property
    def planned_end(self) -> datetime | None:
        """When it ends by itself; None before it starts."""
        return self.started_at and self.started_at + timedelta(days=self.planned_days)

    def clean(self) -> None:
        """Raises ValidationError."""
        checking.check(self)


class OfTest(Fact):
    """What hangs on a test, and belongs to whom it belongs."""

    account_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    owned_by = by_account()

    class Meta:
        abstract = True


class ExperimentPhase(OfTest):
    """A time in which nothing of a test was changed. Figures of phases are not thrown together."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="phases")
    number = models.PositiveSmallIntegerField(help_text="From 1.")
    share_b = models.PositiveSmallIntegerField()
    exposure = models.PositiveSmallIntegerField()
    main = models.CharField(max_length=16)
    guardrails = models.JSONField(default=list)
    allocation = models.CharField(max_length=8)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["experiment", "number"]
        constraints = [models.UniqueConstraint(fields=["experiment", "number"], name="one_phase_of_a_number")]

    def __str__(self) -> str:
        return f"{self.experiment}, phase {self.number}"


class Look(OfTest):
    """What was found at a moment, for the chart of the intervals over time. Of old ones a part is kept."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="looks")
    phase = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField(default=0, help_text="The longer it takes, the rarer it is: see guarding.")
    findings = models.JSONField(help_text="As experiments.ab.findings_json writes them.")

    class Meta:
        ordering = ["experiment", "at"]
        indexes = [models.Index(fields=["experiment", "phase", "at"], name="look_of_a_phase")]

    def __str__(self) -> str:
        return f"{self.experiment} at {self.at:%Y-%m-%d %H:%M:%S}"
