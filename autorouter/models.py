"""The editable router configuration. The router reads releases compiled from it, never these tables."""

import contextlib
import itertools
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from autorouter.choices import Dimension, PriorityChoice
from autorouter.configuration.tunables.columns import Tuned
from autorouter.configuration.tunables.kinds import ModelId
from autorouter.configuration.tunables.shapes import COLUMNS
from autorouter.decision import rules
from autorouter.decision.rules import Names
from autorouter.types import MAX_HEDGE_AFTER_MS
from budgets.people.ownership import OwnedQuerySet
from models_registry.catalogue import compiler as catalogue_compiler
from routerhub.audit.models import Audited, Fact
from routerhub.tenancy.owners import by_account, by_member


class RouterConfiguration(Tuned, Audited):
    """The one configuration of the router (row 1). Its columns are those of the tunables."""

    class Meta:
        verbose_name_plural = "router configuration"

    def __str__(self) -> str:
        return "Router configuration"

    def clean(self) -> None:
        """A model that is newly named is one of the catalogue; one that went from there since may stay."""
        super().clean()
        before = RouterConfiguration.objects.filter(pk=self.pk).first() or RouterConfiguration()
        named = {name: getattr(self, name) for name, column in COLUMNS.items() if isinstance(column.kind, ModelId)}
        new = {name: model for name, model in named.items() if model != getattr(before, name)}
        known = set(catalogue_compiler.model_ids()) if new else set()
        if unknown := {name: model for name, model in new.items() if model not in known}:
            raise ValidationError(
                {name: f"There is no model {model!r} in the catalogue." for name, model in unknown.items()}
            )


class Profile(Audited):
    """What a model is good at: one score per dimension."""

    model = models.CharField(max_length=128, unique=True, help_text="The model's id.")

    class Meta:
        ordering = ["model"]

    def __str__(self) -> str:
        return self.model


class ProfileScore(Audited):
    """One figure of a profile, with its source."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="scores")
    dimension = models.CharField(max_length=16, choices=Dimension)
    value = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        validators=[
            MinValueValidator(Decimal(0), "A score is 0 to 100."),
            MaxValueValidator(Decimal(100), "A score is 0 to 100."),
        ],
        help_text="0 to 100",
    )
    source = models.CharField(max_length=255)
    dated = models.DateField()
    is_estimated = models.BooleanField("estimate", default=False)
    named_by = ("profile",)

    class Meta:
        ordering = ["profile", "id"]
        constraints = [models.UniqueConstraint(fields=["profile", "dimension"], name="one_score_per_dimension")]

    def __str__(self) -> str:
        return f"{self.profile} {self.dimension} {self.value}"


def validate_names(value: object) -> None:
    """A list of texts, each once."""
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise ValidationError('Write a list of names, e.g. ["openai", "mistral"].')
    if len(set(value)) != len(value):
        raise ValidationError("A name is in the list twice.")


class Policy(Audited):
    """A named list of models that are tried in order."""

    name = models.SlugField(max_length=64)
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=200)
    model_ids = models.JSONField(
        "models", validators=[validate_names], help_text="Model ids, the first is tried first."
    )
    max_cost_usd = models.DecimalField(
        "max cost per task",
        max_digits=12,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text="USD",
    )
    max_output_tokens = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    temperature = models.DecimalField(
        max_digits=3,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(2))],
    )
    hedge_after_ms = models.PositiveIntegerField(
        "hedge after", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MAX_HEDGE_AFTER_MS)],
        help_text="Milliseconds. A place that has said nothing of its answer for so long is asked along with a second one, and "
        "the first answer counts. Both are held for, and the slower one may cost something. Empty: never.",
    )  # fmt: skip
    orders_by_complexity = models.BooleanField(
        default=False, db_default=False,
        help_text="Simple tasks try the cheapest of the models first, by mean price, and complex ones the strongest, by quality "
        "score. Moderate ones, and all while it is off, try them in their own order.",
    )  # fmt: skip
    is_active = models.BooleanField("active", default=True)
    adjust_max_places = models.PositiveSmallIntegerField(
        "max places", default=0, validators=[MaxValueValidator(20)],
        help_text="By how many places measured performance may move a model; 0: the order stays as it is written.",
    )  # fmt: skip
    adjust_min_requests = models.PositiveIntegerField(
        "min requests", default=50, validators=[MinValueValidator(1)],
        help_text="A model with fewer requests in the last day is not moved.",
    )  # fmt: skip
    adjust_margin = models.DecimalField(
        "margin", max_digits=4, decimal_places=1, default=Decimal(5),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
        help_text="percentage points of success that a model must surely be off the others to be moved",
    )  # fmt: skip

    class Meta:
        ordering = ["name", "-version"]
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="one_policy_per_version"),
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(is_active=True), name="one_active_version_per_policy"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    def clean(self) -> None:
        """Models by their ids. One that is new in the policy is of the catalogue; one that went from there since may stay."""
        if not isinstance(self.model_ids, list):
            return
        names = catalogue_compiler.model_names()
        self.model_ids = list(dict.fromkeys(names.get(each, each) for each in self.model_ids))
        before = Policy.objects.filter(name=self.name).values_list("model_ids", flat=True)
        allowed = {*catalogue_compiler.model_ids(), *itertools.chain(*before)}
        if unknown := [each for each in self.model_ids if each not in allowed]:
            raise ValidationError({"model_ids": f"There is no model {', '.join(map(repr, unknown))} in the catalogue."})


class TaskType(Audited):
    """Which policy a kind of task goes to."""

    name = models.SlugField(max_length=64, unique=True)
    policy = models.SlugField(max_length=64, help_text="The policy's name.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} → {self.policy}"


def validate_rules(value: object) -> None:
    """Rules as autorouter.decision.rules reads them."""
    try:
        rules.read(value)
    except rules.InvalidRules as invalid:
        raise ValidationError([f"{path}: {problem}" for path, problem in invalid.problems.items()]) from invalid


def check_shown(value: str) -> None:
    """A name that can be read."""
    if not value.isprintable() or value != value.strip():
        raise ValidationError(f"{value!r} is not a printable text without blanks around it.")


class Preferences(Audited):
    """A named set of what a user wants of every request of theirs, or an account of all of its people's."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="preferences"
    )
    account = models.ForeignKey(
        "budgets.Account", on_delete=models.CASCADE, null=True, blank=True, related_name="preferences",
        help_text="Of all of its people, where it is no user's.",
    )  # fmt: skip
    name = models.CharField(max_length=64, default="default", validators=[check_shown])
    is_active = models.BooleanField(
        "active", default=True, help_text="The one of its owner's that counts, where a key pins no other."
    )
    priority = models.CharField(
        "default priority", max_length=16, choices=PriorityChoice, blank=True, default="",
        help_text="Empty: as the account says, else balanced.",
    )  # fmt: skip
    max_cost_usd = models.DecimalField(
        "max cost per request", max_digits=12, decimal_places=6, null=True, blank=True,
        validators=[MinValueValidator(Decimal(0))], help_text="USD. A request's own lower limit goes before it.",
    )  # fmt: skip
    max_latency_ms = models.PositiveIntegerField(
        "max latency", null=True, blank=True, validators=[MinValueValidator(1)], help_text="milliseconds"
    )
    preferred_providers = models.JSONField(default=list, blank=True, validators=[validate_names])
    blocked_providers = models.JSONField(default=list, blank=True, validators=[validate_names])
    rules = models.JSONField("custom rules", default=list, blank=True, validators=[validate_rules])
    daily_alert_usd = models.DecimalField(
        "daily alert", max_digits=12, decimal_places=6, null=True, blank=True,
        validators=[MinValueValidator(Decimal(0))], help_text="USD of a day from which an alert is sent.",
    )  # fmt: skip
    named_by = ("user", "account")
    owned_by = by_member() | by_account()

    class Meta:
        ordering = ["account", "user", "name"]
        verbose_name_plural = "preferences"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=True) ^ models.Q(account__isnull=True),
                name="preferences_of_one_owner",
                violation_error_message="Name a user or an account, and not both.",
            ),
            models.UniqueConstraint(
                fields=["account", "user", "name"], name="one_set_of_a_name", nulls_distinct=False,
                violation_error_message="There is a set of this name already.",
            ),
            models.UniqueConstraint(
                fields=["account", "user"], condition=models.Q(is_active=True), name="one_active_set",
                nulls_distinct=False,
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.name} of {self.user or self.account}"

    @classmethod
    def of_account(cls, account_id: int) -> models.Q:
        return models.Q(user__memberships__account_id=account_id) | models.Q(account_id=account_id)

    def save(self, *arguments: Any, **options: Any) -> None:
        """Whichever way a set becomes active, the one that was steps back, for the same reason by the same person."""
        if self.is_active:
            for other in self.others().filter(is_active=True):
                other.is_active = False
                for stamp in ("_history_user", "_change_reason", "_change_address"):
                    setattr(other, stamp, getattr(self, stamp, None))
                other.save()
        super().save(*arguments, **options)

    def others(self) -> models.QuerySet["Preferences"]:
        """The other sets of its owner."""
        return Preferences.objects.filter(user=self.user_id, account=self.account_id).exclude(pk=self.pk)

    def clean(self) -> None:
        """What is newly named is there; what went from there since may stay. Raises ValidationError."""
        problems: dict[str, list[str]] = {}
        known = self._known()
        for field in ("preferred_providers", "blocked_providers"):
            if unknown := [each for each in _texts(getattr(self, field)) if each not in known.providers]:
                problems[field] = [f"There is no provider {', '.join(map(repr, unknown))} in the catalogue."]
        if both := sorted({*_texts(self.preferred_providers)} & {*_texts(self.blocked_providers)}):
            problems["preferred_providers"] = [f"{', '.join(both)}: preferred and blocked at once."]
        with contextlib.suppress(rules.InvalidRules):  # what is wrong with them, the column's validator says
            rules.read(self.rules)
            self.rules = rules.with_ids(self.rules, catalogue_compiler.model_names())
            wanted = rules.read(self.rules)
            wrong = [f"{path}: {problem}" for path, problem in rules.problems(wanted, known).items()]
            if wrong := wrong + _missing_policies({rule.policy for rule in wanted if rule.policy}):
                problems["rules"] = wrong
        if problems:
            raise ValidationError(problems)

    def _known(self) -> Names:
        """Everything that may be named: what the catalogue has, and what these preferences named before."""
        there = Names(
            providers=frozenset(catalogue_compiler.provider_names()), models=frozenset(catalogue_compiler.model_ids())
        )
        before = Preferences.objects.filter(pk=self.pk).first()
        if before is None:
            return there
        lists = Names(providers=frozenset(before.preferred_providers) | frozenset(before.blocked_providers))
        with contextlib.suppress(rules.InvalidRules):
            return rules.together([there, lists, rules.named(rules.read(before.rules))])
        return rules.together([there, lists])


def _texts(value: object) -> list[str]:
    """The names of a list; what else there is in it, or in its place, the column's validator refuses."""
    return [each for each in value if isinstance(each, str) and each] if isinstance(value, list) else []


def _missing_policies(wanted: set[str]) -> list[str]:
    missing = sorted(wanted - set(Policy.objects.filter(is_active=True).values_list("name", flat=True)))
    return [f"There is no active policy {', '.join(missing)}."] if missing else []


class LearnedSuccess(Audited):
    """What was learned from outcomes of a model's success and accepted, as a bundle spells it."""

    model = models.CharField(max_length=128, unique=True, help_text="The model's id.")
    kinds = models.JSONField(
        help_text="By category: outcomes, shift in thousandths of a logit, least_seen in percent of a prompt's words."
    )
    terms = models.TextField(
        "words", blank=True, help_text="Numbers of words with their weights in thousandths of a logit."
    )

    class Meta:
        ordering = ["model"]
        verbose_name_plural = "learned success"

    def __str__(self) -> str:
        return self.model


class PolicyShift(Audited):
    """By how many places measured performance moved a model within a policy's order, and what was measured."""

    policy = models.SlugField(max_length=64)
    model = models.CharField(max_length=128)
    places = models.SmallIntegerField(help_text="Above 0: demoted by so many places; below 0: promoted.")
    evidence = models.JSONField(default=dict)
    since = models.DateTimeField()

    class Meta:
        ordering = ["policy", "model"]
        constraints = [models.UniqueConstraint(fields=["policy", "model"], name="one_shift_per_policy_and_model")]

    def __str__(self) -> str:
        way = "demoted" if self.places > 0 else "promoted"
        return f"{self.model} {way} by {abs(self.places)} in {self.policy}"


class AvailabilityFacts(Fact):
    """What could be called at some time and how models did, named by its digest in the records of that time."""

    digest = models.CharField(max_length=32, primary_key=True)
    facts = models.JSONField()
    first_seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "availability facts"

    def __str__(self) -> str:
        return self.digest


class Session(Fact):
    """A conversation: the model that answered it last, who has it and under which limits."""

    account_id = models.BigIntegerField()
    name = models.CharField(max_length=200, help_text="The id that the application gave.")
    user_id = models.BigIntegerField(null=True)
    model = models.CharField(max_length=128)
    priority = models.CharField(max_length=16, default="balanced")
    policy = models.CharField(max_length=64, default="")
    max_cost_usd = models.DecimalField("max cost per request", max_digits=18, decimal_places=9, null=True)
    context_tokens = models.BigIntegerField(default=0, help_text="Estimated size of the last request's messages.")
    requests = models.BigIntegerField(default=1)
    variant = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False,
        help_text="What it got in a test whose shares follow what is seen: test/phase/variant/probability.",
    )  # fmt: skip
    first_activity_at = models.DateTimeField()
    last_activity_at = models.DateTimeField()
    objects = OwnedQuerySet.as_manager()
    owned_by = by_account()

    class Meta:
        ordering = ["-last_activity_at"]
        constraints = [models.UniqueConstraint(fields=["account_id", "name"], name="one_session_per_account_and_name")]

    def __str__(self) -> str:
        return self.name
