"""The editable router configuration. The router reads releases compiled from it, never these tables."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from simple_history.models import HistoricalRecords

from autorouter.choices import Dimension


def _number(label: str, default: str, low: str, high: str, unit: str) -> "models.DecimalField[Any, Any]":
    return models.DecimalField(
        label,
        max_digits=9,
        decimal_places=4,
        default=Decimal(default),
        validators=[
            MinValueValidator(Decimal(low), f"Write a number from {low} to {high}."),
            MaxValueValidator(Decimal(high), f"Write a number from {low} to {high}."),
        ],
        help_text=f"{unit}, {low} to {high}, default {default}",
    )


def default_speed_bonuses() -> dict[str, float]:
    return {
        "cerebras": 12, "groq": 10, "flash": 8, "fast": 8, "nano": 10, "lite": 10, "lightning": 12,
        "thinking": -5, "extended-thinking": -8,
    }  # fmt: skip


def validate_speed_bonuses(value: object) -> None:
    """Pattern to points, -100 to 100. Patterns are lower case, since they are sought in the lower-cased id."""
    if not isinstance(value, dict):
        raise ValidationError('Write an object of pattern to points, e.g. {"flash": 8}.')
    for pattern, points in value.items():
        if not pattern or pattern != pattern.lower():
            raise ValidationError(f"{pattern!r}: a pattern is lower case and not empty.")
        if isinstance(points, bool) or not isinstance(points, int | float) or not -100 <= points <= 100:
            raise ValidationError(f"{pattern}: {points!r} is not a number from -100 to 100.")


class RouterConfiguration(models.Model):
    """The one configuration of the router (row 1)."""

    stickiness_bonus = _number("stickiness", "25", "0", "100", "points")
    reasoning_bonus = _number("reasoning", "15", "0", "100", "points")
    research_bonus = _number("research", "25", "0", "100", "points")
    simple_penalty = _number("simple penalty", "0.7", "0", "1", "factor")
    complex_threshold = _number("complex boost threshold", "85", "0", "100", "quality score")
    complex_multiplier = _number("complex boost multiplier", "1.2", "1", "5", "factor")
    cheap_below = _number("cheap below", "1", "0", "1000", "USD per 1M tokens")
    mid_below = _number("mid below", "5", "0", "1000", "USD per 1M tokens")
    weight_simple_cheap = _number("simple, cheap", "0.60", "0", "1", "weight")
    weight_simple_mid = _number("simple, mid", "0.25", "0", "1", "weight")
    weight_simple_premium = _number("simple, premium", "0.15", "0", "1", "weight")
    weight_moderate_cheap = _number("moderate, cheap", "0.50", "0", "1", "weight")
    weight_moderate_mid = _number("moderate, mid", "0.30", "0", "1", "weight")
    weight_moderate_premium = _number("moderate, premium", "0.20", "0", "1", "weight")
    weight_complex_cheap = _number("complex, cheap", "0.30", "0", "1", "weight")
    weight_complex_mid = _number("complex, mid", "0.40", "0", "1", "weight")
    weight_complex_premium = _number("complex, premium", "0.30", "0", "1", "weight")
    speed_bonuses = models.JSONField(
        default=default_speed_bonuses,
        validators=[validate_speed_bonuses],
        help_text="Points by pattern; every pattern that the lower-cased model id contains counts.",
    )
    router_model = models.CharField(
        max_length=128, default="openai:gpt-oss-120b", help_text="The model that may classify requests."
    )
    router_max_retries = models.PositiveSmallIntegerField(default=3, validators=[MaxValueValidator(10)])
    context_buffer = _number("context buffer", "1.2", "1", "5", "factor on estimated tokens")
    long_context_threshold = models.PositiveIntegerField(
        default=128_000, validators=[MinValueValidator(1_000)], help_text="tokens"
    )
    history = HistoricalRecords()

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
    history = HistoricalRecords()

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
    history = HistoricalRecords()

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
    history = HistoricalRecords()

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
    history = HistoricalRecords()

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
