"""The request records: one weekly-partitioned table that `settle_many` writes and everybody else reads."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from budgets.choices import Basis
from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.models import Fact
from routerhub.tenancy.owners import by_account


class Real(models.FloatField):  # type: ignore[type-arg]  # Django's own has none
    """Four bytes wide."""

    def db_type(self, connection: Any) -> str:
        return "real"


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
    deployment = models.CharField(max_length=200, help_text="which deployment of the model answered, or was asked")
    error_kind = models.CharField(max_length=64)
    metadata = models.JSONField(help_text="the caller's own object")
    is_reported = models.BooleanField(
        "reported from outside", help_text="not called by the gateway, but told afterwards"
    )
    experiment = models.BigIntegerField(null=True, help_text="the test in which it took part")
    phase = models.SmallIntegerField(null=True, help_text="of the test: other weights are another phase")
    variant = models.CharField(max_length=1, help_text="that its unit has in the test: a or b")
    unit = models.CharField(max_length=250, help_text="whose requests have one variant: a user, a session or a key")
    propensity = models.FloatField(null=True, help_text="with what probability the unit got its variant")
    confidence = Real(null=True, help_text="how likely the category is")
    second = models.CharField("second category", max_length=16, help_text="the next likely one")
    read_by = models.CharField(max_length=8, help_text="who found the category: table, encoder or model")
    objects = OwnedQuerySet.as_manager()
    owned_by = by_account()

    class Meta:
        managed = False
        db_table = "analytics_record"
        ordering = ["-created_at"]
        verbose_name = "request"

    def __str__(self) -> str:
        return str(self.operation_id)
