"""The request records: one monthly-partitioned table that `settle_many` writes and everybody else reads."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from budgets.choices import Basis
from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.models import Fact
from routerhub.tenancy.owners import by_account


class Record(Fact):
    """One request. Fields as in analytics.types.Record; the table is made in SQL, since Django cannot partition."""

    operation_id = models.UUIDField(primary_key=True)
    created_at = models.DateTimeField()
    account_id = models.BigIntegerField()
    key_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    requested_model = models.CharField(max_length=160)
    model = models.CharField(max_length=128)
    provider = models.CharField(max_length=64)
    is_sandbox = models.BooleanField("sandbox")
    policy = models.CharField(max_length=64)
    task_type = models.CharField(max_length=64)
    category = models.CharField(max_length=16)
    complexity = models.CharField(max_length=16)
    priority = models.CharField(max_length=16)
    session = models.CharField(max_length=200)
    tags = ArrayField(models.CharField(max_length=64))
    is_stream = models.BooleanField("streamed")
    outcome = models.CharField(max_length=16)
    error = models.TextField()
    http_status = models.SmallIntegerField(null=True)
    latency_ms = models.IntegerField()
    ttft_ms = models.IntegerField("time to first token", null=True)
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    cache_read_tokens = models.BigIntegerField()
    cache_write_tokens = models.BigIntegerField()
    reasoning_tokens = models.BigIntegerField()
    is_usage_estimated = models.BooleanField("usage estimated")
    cost_estimated_nano = models.BigIntegerField()
    cost_nano = models.BigIntegerField()
    saved_nano = models.BigIntegerField(null=True)
    reported_cost_nano = models.BigIntegerField(null=True)
    is_cost_disputed = models.BooleanField("cost disputed")
    fallback_used = models.BooleanField()
    catalogue_release = models.IntegerField()
    router_release = models.IntegerField()
    decision = models.JSONField()
    attempts = models.JSONField()
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=255)
    task_id = models.CharField("task", max_length=200)
    worker = models.CharField(max_length=200)
    cost_basis = models.CharField(
        max_length=16, blank=True, default="", choices=Basis, help_text="by what the answer's cost was reckoned"
    )
    objects = OwnedQuerySet.as_manager()
    owned_by = by_account()

    class Meta:
        managed = False
        db_table = "analytics_record"
        ordering = ["-created_at"]
        verbose_name = "request"

    def __str__(self) -> str:
        return str(self.operation_id)


class Feedback(Fact):
    """How satisfied somebody was with the answer to one request: reported once, and again to correct it."""

    operation_id = models.UUIDField(primary_key=True)
    account_id = models.BigIntegerField()
    satisfaction = models.DecimalField(max_digits=4, decimal_places=3, help_text="0 (useless) to 1 (just right)")
    comment = models.CharField(max_length=1000, blank=True)
    reported_at = models.DateTimeField(auto_now=True)
    objects = OwnedQuerySet.as_manager()
    owned_by = by_account()

    class Meta:
        ordering = ["-reported_at"]
        verbose_name_plural = "feedback"

    def __str__(self) -> str:
        return f"{self.operation_id}: {self.satisfaction}"


class MeasuredFact(Fact):
    """How one model did over the last day, see analytics.measured."""

    model = models.CharField(max_length=128, primary_key=True)
    requests = models.PositiveIntegerField()
    latency_ms = models.PositiveIntegerField(help_text="mean time of a whole answer")
    tokens_per_second = models.FloatField(help_text="output of a whole answer")
    usual_output = models.PositiveIntegerField(
        null=True, help_text="output tokens that hardly an answer is longer than; empty where too few were measured"
    )
    measured_at = models.DateTimeField()

    class Meta:
        ordering = ["model"]

    def __str__(self) -> str:
        return self.model


class HourFigures(Fact):
    """What one account, model or provider did in one hour, as anomalies are found by it. See analytics.anomalies.hours."""

    kind = models.CharField(
        max_length=16, choices=[("account", "Account"), ("model", "Model"), ("provider", "Provider")]
    )
    subject = models.CharField(max_length=128, help_text="The id of an account or model, the name of a provider.")
    account_id = models.BigIntegerField(null=True, help_text="Of an account's hours; empty: the site's.")
    hour = models.DateTimeField(db_index=True, help_text="Its beginning.")
    requests = models.PositiveIntegerField(help_text="Those that were answered or failed.")
    failures = models.PositiveIntegerField()
    cost_nano = models.BigIntegerField()
    latency_ms = models.PositiveIntegerField(help_text="The median of the answers; 0 where there was none.")
    owned_by = by_account()

    class Meta:
        ordering = ["-hour"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject", "hour"], name="one_row_of_figures_per_subject_and_hour")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}, {self.hour:%Y-%m-%d %H}:00"


class MeasuredLength(Fact):
    """How long the answers of the last day were, of one sort or of several together: see analytics.lengths."""

    model = models.CharField(max_length=128, help_text="*: all models together")
    category = models.CharField(max_length=16, help_text="*: all categories together")
    complexity = models.CharField(max_length=16, help_text="*: all complexities together")
    answers = models.PositiveIntegerField(help_text="so many were measured")
    median_output = models.PositiveIntegerField(help_text="output tokens that half of them do not pass")
    high_output = models.PositiveIntegerField(help_text="output tokens that hardly any of them passes")
    median_ms = models.PositiveIntegerField(help_text="median time of a whole answer")
    measured_at = models.DateTimeField()

    class Meta:
        ordering = ["model", "category", "complexity"]
        constraints = [
            models.UniqueConstraint(fields=["model", "category", "complexity"], name="analytics_length_of_one_sort")
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.category} {self.complexity}"
