"""The editable catalogue. The gateway reads releases compiled from it, never these tables."""

from dataclasses import fields
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator, URLValidator
from django.db import models

from models_registry.choices import (
    CapabilityChoice,
    DeploymentStatus,
    ImportFormat,
    ImportState,
    ModelKind,
    OutputLimitField,
    Protocol,
    SpeedTier,
)
from models_registry.fields import RateField
from models_registry.prices import quarantine
from models_registry.types import Rates
from routerhub.audit.models import Audited, Fact
from routerhub.egress import url_refusal
from routerhub.region_fields import regions_field

RATES = tuple(field.name for field in fields(Rates))
credential = RegexValidator(
    r"^[A-Z][A-Z0-9_]*_API_KEY\Z",
    "Write a name in capitals that ends with _API_KEY: no other variable of the environment is ever sent to a provider.",
)
slug = RegexValidator(r"^[a-z0-9][a-z0-9._-]*$", "Write lower-case letters, digits, '.', '_' and '-' only.")
model_id = RegexValidator(
    r"^[a-z0-9][a-z0-9._-]*:[A-Za-z0-9][A-Za-z0-9._/:@-]*$", "Write provider:name, e.g. openai:gpt-5."
)


def validate_capabilities(value: object) -> None:
    """A list of known capabilities, each once."""
    allowed = set(CapabilityChoice.values)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValidationError("Write a list of names.")
    if unknown := sorted(set(value) - allowed):
        raise ValidationError(f"Unknown: {', '.join(unknown)}. Allowed: {', '.join(sorted(allowed))}.")


def validate_aliases(value: object) -> None:
    """A list of names. That no other model has them is a rule of the release."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValidationError("Write a list of names.")


def validate_upstream(url: str) -> None:
    """An address that may be called; see routerhub.egress."""
    if problem := url_refusal(url, settings.UPSTREAM_PRIVATE_NETWORKS):
        raise ValidationError(problem)


class Provider(Audited):
    """Who makes or serves models."""

    name = models.CharField(max_length=64, unique=True, validators=[slug])
    title = models.CharField(max_length=100)
    protocol = models.CharField(max_length=16, choices=Protocol, default=Protocol.OPENAI)
    base_url = models.CharField(
        max_length=200,
        blank=True,
        validators=[URLValidator(["http", "https"]), validate_upstream],
        help_text="Where its models are served, up to /v1. Empty for a maker that serves none itself.",
    )
    credential_env = models.CharField(
        max_length=64, blank=True, validators=[credential],
        help_text="The environment variable that holds its API key. Empty: none is needed.",
    )  # fmt: skip
    output_limit_field = models.CharField(
        max_length=32,
        choices=OutputLimitField,
        default=OutputLimitField.MAX_TOKENS,
        help_text="Under which name it takes the longest answer wanted. Most servers know max_tokens; OpenAI's own wants the "
        "other. A server that passes over the limit may write more than is held for.",
    )
    is_local = models.BooleanField("local", default=False, help_text="Runs on machines of your own.")
    is_zero_retention = models.BooleanField(
        "zero retention", default=False, help_text="Keeps nothing of what it is sent, by contract."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.title


class ProviderKey(Audited):
    """A key by which a provider is called, see models_registry.provider_keys. Its secret is kept sealed, and in no history."""

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, to_field="name", related_name="keys")
    label = models.CharField(
        max_length=64,
        validators=[RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9._-]*$", "Write letters, digits, '.', '_' and '-' only.")],
        help_text="What records and pages call it.",
    )
    position = models.PositiveSmallIntegerField(
        "order", default=0, help_text="The lowest is tried first; the others when it is refused or at its limit."
    )
    is_enabled = models.BooleanField("enabled", default=True)
    sealed = models.BinaryField()
    origin = models.CharField(
        "given for", max_length=200, editable=False,
        help_text="The provider's address when it was given. It is sent nowhere else: after a move it must be given anew.",
    )  # fmt: skip
    mark = models.CharField(max_length=12, editable=False, help_text="Stands for the secret, and tells nothing of it.")
    rotated_at = models.DateTimeField(editable=False, help_text="Since when it has this secret.")
    final_because = "A provider's key is not restored: its secret is in no history. Enter it anew."
    named_by = ("provider",)

    class Meta:
        ordering = ["provider", "position", "id"]
        constraints = [models.UniqueConstraint(fields=["provider", "label"], name="one_provider_key_per_label")]

    def __str__(self) -> str:
        return f"{self.label} of {self.provider_id}"


class Model(Audited):
    """A model that applications can ask for."""

    identifier = models.CharField(
        "id", max_length=128, unique=True, validators=[model_id], help_text="provider:name, e.g. openai:gpt-5"
    )
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, to_field="name", related_name="models")
    kind = models.CharField(
        max_length=16,
        choices=ModelKind,
        default=ModelKind.CHAT,
        help_text="The router chooses between chat models only.",
    )
    name = models.CharField(max_length=128)
    aliases = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_aliases],
        help_text='Further names that requests ask for it by, e.g. ["gpt-5-2025-08-07"].',
    )
    description = models.TextField(blank=True)
    user_description = models.TextField("user-friendly description", blank=True)
    best_for = models.CharField(max_length=255, blank=True)
    context_window = models.PositiveIntegerField(
        help_text="tokens, prompt and answer together", validators=[MinValueValidator(1)]
    )
    max_output = models.PositiveIntegerField(help_text="tokens", validators=[MinValueValidator(1)])
    capabilities = models.JSONField(default=list, blank=True, validators=[validate_capabilities])
    supports_reasoning = models.BooleanField(default=False)
    knowledge_cutoff = models.CharField(
        max_length=10,
        blank=True,
        validators=[RegexValidator(r"^\d{4}(-\d{2}(-\d{2})?)?$", "Write 2025, 2025-06 or 2025-06-30.")],
    )
    benchmarks = models.JSONField(
        default=dict,
        blank=True,
        help_text='By name, e.g. {"GPQA": {"value": 88.5, "source": "who measured it", "dated": "2026-10-05"}}',
    )
    speed_tier = models.CharField(max_length=16, choices=SpeedTier, default=SpeedTier.STANDARD)
    is_pro = models.BooleanField("pro", default=False, help_text="Answers only accounts that are marked pro.")
    is_internal_only = models.BooleanField(
        "internal only", default=False, help_text="Never shown in public lists nor chosen for others."
    )
    is_experimental = models.BooleanField("experimental", default=False)
    is_available = models.BooleanField("available", default=True)
    deprecated_from = models.DateField(null=True, blank=True, help_text="From this day on it is no longer chosen.")
    successor = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="predecessors")
    source = models.CharField(
        max_length=255,
        blank=True,
        help_text="Where window, output, capabilities and knowledge cutoff are from, and when.",
    )

    class Meta:
        ordering = ["identifier"]

    def __str__(self) -> str:
        return self.identifier

    def clean(self) -> None:
        maker = self.identifier.partition(":")[0]
        if self.provider_id and maker != self.provider_id:
            raise ValidationError({"identifier": f"Starts with {maker!r}, but the provider is {self.provider_id!r}."})
        if self.max_output and self.context_window and self.max_output > self.context_window:
            raise ValidationError(
                {"max_output": f"{self.max_output} is more than the context window, {self.context_window}."}
            )


class Deployment(Audited):
    """One place where a model is served."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="deployments")
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, to_field="name", related_name="deployments")
    upstream_model = models.CharField(max_length=160, help_text="The model's name there.")
    position = models.PositiveSmallIntegerField("order", default=0, help_text="The lowest is tried first.")
    status = models.CharField(max_length=16, choices=DeploymentStatus, default=DeploymentStatus.AVAILABLE)
    regions = regions_field(
        "Everywhere that what is sent there may be processed, e.g. eu,us. Empty: unknown, so that it is not called where regions "
        "are restricted."
    )
    named_by = ("model",)

    class Meta:
        ordering = ["model", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["model", "provider", "upstream_model"], name="one_deployment_per_place")
        ]

    def __str__(self) -> str:
        return f"{self.model} at {self.provider_id}"


class Price(Audited):
    """What a deployment costs from a moment on. Rows are added, never edited: an old request keeps its price."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="prices")
    effective_from = models.DateTimeField()
    input = RateField("input")
    output = RateField("output")
    cache_read = RateField("cache read")
    cache_write = RateField("cache write")
    cache_write_1h = RateField(
        "cache write, 1 hour", help_text="USD per 1M tokens. Empty: it costs what a cache write costs."
    )
    audio_input = RateField("audio input")
    audio_output = RateField("audio output")
    reasoning = RateField("reasoning", help_text="USD per 1M tokens. Empty: reasoning costs what output costs.")
    requests = RateField("requests", help_text="USD per 1,000 requests, beside the tokens")
    web_searches = RateField("web searches", help_text="USD per 1,000 searches of the web, beside the tokens")
    tiers = models.JSONField(
        default=list,
        blank=True,
        help_text='Long context, e.g. [{"above_input_tokens": 200000, "input": "2.5", "output": "15"}]',
    )
    source = models.CharField(
        max_length=255,
        blank=True,
        help_text="Who says so: a price list, a contract. Without one it waits for approval.",
    )
    dated = models.DateField(help_text="The day on which the source said so.")
    waits_because = models.CharField(
        max_length=500, blank=True, editable=False, help_text="Why it waits for approval. Empty: it is in force."
    )
    is_trusted = False
    named_by = ("deployment__model",)

    class Meta:
        ordering = ["deployment", "effective_from"]
        get_latest_by = "effective_from"
        constraints = [models.UniqueConstraint(fields=["deployment", "effective_from"], name="one_price_per_moment")]

    def __str__(self) -> str:
        return f"{self.deployment}: {self.input} / {self.output} USD per 1M from {self.effective_from:%Y-%m-%d}"

    def save(self, *arguments: Any, **options: Any) -> None:
        """A new row that raises doubts waits for approval, unless who writes it vouches for it with `is_trusted`."""
        if self._state.adding and not self.is_trusted:
            before = self.predecessor()
            tiers = quarantine.tier_rates(self.tiers)
            found = quarantine.doubts(before.rates if before else None, self.rates, self.source, tiers)
            self.waits_because = "; ".join(found)[:500]
        super().save(*arguments, **options)

    def clean(self) -> None:
        problems = quarantine.tier_problems(self.tiers)
        if problems:
            raise ValidationError({"tiers": problems})
        if self.pk:
            self._demand_unchanged()

    def predecessor(self) -> "Price | None":
        """The price that is in force until this one begins."""
        in_force = Price.objects.filter(deployment=self.deployment_id, waits_because="")
        return in_force.filter(effective_from__lt=self.effective_from).order_by("effective_from").last()

    @property
    def rates(self) -> Rates:
        """The base rates, as a value."""
        return Rates(**{name: getattr(self, name) for name in RATES})

    def _demand_unchanged(self) -> None:
        """What an old request cost must not change with a row. Raises ValidationError."""
        before = Price.objects.filter(pk=self.pk).values("effective_from", "deployment_id", "tiers", *RATES).first()
        if before and any(getattr(self, name) != value for name, value in before.items()):
            raise ValidationError("A price is never edited: add a row that is effective from a later moment.")


class Probe(Fact):
    """What the last probe of a deployment found: a measured fact beside the status that staff set."""

    deployment = models.OneToOneField(Deployment, on_delete=models.CASCADE, primary_key=True, related_name="probe")
    status = models.CharField(max_length=16, choices=DeploymentStatus)
    detail = models.CharField(max_length=255)
    latency_ms = models.PositiveIntegerField(null=True)
    checked_at = models.DateTimeField()
    since = models.DateTimeField(help_text="When it was first found in this status.")

    def __str__(self) -> str:
        return f"{self.deployment}: {self.status}"


class Circuit(Fact):
    """A deployment or a key that is not called for a while, see models_registry.circuits. A closed circuit has no row."""

    subject = models.CharField(
        max_length=500, unique=True, help_text="A deployment, a provider's key, or a key at one deployment."
    )
    since = models.DateTimeField(help_text="When it was first opened.")
    until = models.DateTimeField(
        null=True, help_text="From then on one call tries whether it answers again. Empty: until the key is changed."
    )
    reason = models.CharField(max_length=255)
    times = models.PositiveIntegerField(help_text="How often in a row it was opened.")
    is_limit = models.BooleanField("limit", help_text="It only waits for the reset that the provider announced.")
    probe_until = models.DateTimeField(null=True, help_text="So long the call that tries it is waited for.")

    class Meta:
        ordering = ["subject"]

    def __str__(self) -> str:
        return self.subject


class Import(Fact):
    """A file on its way into the tables: read and checked whole, shown as differences, then applied in one transaction."""

    table = models.CharField(max_length=32)
    format = models.CharField(max_length=8, choices=ImportFormat)
    file_name = models.CharField(max_length=255)
    content = models.BinaryField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    address = models.GenericIPAddressField(null=True, blank=True)
    reason = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=16, choices=ImportState, default=ImportState.WAITING)
    done = models.PositiveIntegerField(default=0, help_text="rows")
    total = models.PositiveIntegerField(default=0, help_text="rows")
    outcome = models.JSONField(default=dict, blank=True, help_text="Counts, differences and errors by row and field.")
    created_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.file_name} → {self.table}"
