"""The editable router configuration. The router reads releases compiled from it, never these tables."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from autorouter.choices import Dimension
from autorouter.tuning import ROUTER_MODEL, SETTINGS, SPEED_BONUS, SPEED_BONUSES, WEIGHTS, Setting
from autorouter.types import Complexity, CostTier
from models_registry import audit


def _number(label: str, setting: Setting) -> "models.DecimalField[Any, Any]":
    allowed = f"Write a number from {setting.low} to {setting.high}."
    return models.DecimalField(
        label,
        max_digits=9,
        decimal_places=4,
        default=setting.default,
        validators=[MinValueValidator(setting.low, allowed), MaxValueValidator(setting.high, allowed)],
        help_text=f"{setting.unit}, {setting.low} to {setting.high}, default {setting.default}",
    )


def _weight(complexity: Complexity, tier: CostTier) -> "models.DecimalField[Any, Any]":
    return _number(f"{complexity}, {tier}", WEIGHTS[complexity, tier])


def default_speed_bonuses() -> dict[str, int]:
    return dict(SPEED_BONUSES)


def validate_speed_bonuses(value: object) -> None:
    """Pattern to points, -100 to 100. Patterns are lower case, since they are sought in the lower-cased id."""
    if not isinstance(value, dict):
        raise ValidationError('Write an object of pattern to points, e.g. {"flash": 8}.')
    for pattern, points in value.items():
        if not pattern or pattern != pattern.lower():
            raise ValidationError(f"{pattern!r}: a pattern is lower case and not empty.")
        if isinstance(points, bool) or not isinstance(points, int | float) or SPEED_BONUS.problem(Decimal(str(points))):
            raise ValidationError(
                f"{pattern}: {points!r} is not a number from {SPEED_BONUS.low} to {SPEED_BONUS.high}."
            )


class RouterConfiguration(models.Model):
    """The one configuration of the router (row 1)."""

    stickiness_bonus = _number("stickiness", SETTINGS["stickiness_bonus"])
    reasoning_bonus = _number("reasoning", SETTINGS["reasoning_bonus"])
    research_bonus = _number("research", SETTINGS["research_bonus"])
    simple_penalty = _number("simple penalty", SETTINGS["simple_penalty"])
    complex_threshold = _number("complex boost threshold", SETTINGS["complex_threshold"])
    complex_multiplier = _number("complex boost multiplier", SETTINGS["complex_multiplier"])
    cheap_below = _number("cheap below", SETTINGS["cheap_below"])
    mid_below = _number("mid below", SETTINGS["mid_below"])
    weight_simple_cheap = _weight("simple", "cheap")
    weight_simple_mid = _weight("simple", "mid")
    weight_simple_premium = _weight("simple", "premium")
    weight_moderate_cheap = _weight("moderate", "cheap")
    weight_moderate_mid = _weight("moderate", "mid")
    weight_moderate_premium = _weight("moderate", "premium")
    weight_complex_cheap = _weight("complex", "cheap")
    weight_complex_mid = _weight("complex", "mid")
    weight_complex_premium = _weight("complex", "premium")
    speed_bonuses = models.JSONField(
        default=default_speed_bonuses,
        validators=[validate_speed_bonuses],
        help_text="Points by pattern; every pattern that the lower-cased model id contains counts.",
    )
    router_model = models.CharField(
        max_length=128, default=ROUTER_MODEL, help_text="The model that may classify requests."
    )
    router_max_retries = models.PositiveSmallIntegerField(default=3, validators=[MaxValueValidator(10)])
    context_buffer = _number("context buffer", SETTINGS["context_buffer"])
    long_context_threshold = models.PositiveIntegerField(
        default=128_000, validators=[MinValueValidator(1_000)], help_text="tokens"
    )
    history = audit.versions()

    class Meta:
        verbose_name_plural = "router configuration"

    def __str__(self) -> str:
        return "Router configuration"

    def clean(self) -> None:
        if self.cheap_below is not None and self.mid_below is not None and self.cheap_below > self.mid_below:
            raise ValidationError(
                {"cheap_below": f"{self.cheap_below} is above where premium begins, {self.mid_below}."}
            )


class Profile(models.Model):
    """What a model is good at: one score per dimension."""

    model = models.CharField(max_length=128, unique=True, help_text="The model's id.")
    history = audit.versions()

    class Meta:
        ordering = ["model"]

    def __str__(self) -> str:
        return self.model


class ProfileScore(models.Model):
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
    history = audit.versions()

    class Meta:
        ordering = ["profile", "id"]
        constraints = [models.UniqueConstraint(fields=["profile", "dimension"], name="one_score_per_dimension")]

    def __str__(self) -> str:
        return f"{self.profile} {self.dimension} {self.value}"


class Policy(models.Model):
    """A named list of models that are tried in order."""

    name = models.SlugField(max_length=64)
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=200)
    model_ids = models.JSONField("models", help_text="Model ids, the first is tried first.")
    max_cost_usd = models.DecimalField(
        "most per task",
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
    is_active = models.BooleanField("active", default=True)
    history = audit.versions()

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


class TaskType(models.Model):
    """Which policy a kind of task goes to."""

    name = models.SlugField(max_length=64, unique=True)
    policy = models.SlugField(max_length=64, help_text="The policy's name.")
    history = audit.versions()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} → {self.policy}"


class Session(models.Model):
    """A conversation and the model that answered it last."""

    account_id = models.BigIntegerField()
    name = models.CharField(max_length=200, help_text="The id that the application gave.")
    model = models.CharField(max_length=128)
    first_activity_at = models.DateTimeField()
    last_activity_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_activity_at"]
        constraints = [models.UniqueConstraint(fields=["account_id", "name"], name="one_session_per_account_and_name")]

    def __str__(self) -> str:
        return self.name
