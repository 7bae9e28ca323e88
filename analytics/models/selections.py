"""What was selected by /api/routing/select and kept, until its outcome is told."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from budgets.people.ownership import OwnedQuerySet
from routerhub.audit.models import Fact
from routerhub.tenancy.owners import by_account


class Selection(Fact):
    """A decision that somebody acts on elsewhere. Fields as in analytics.types.RequestFacts; `outcome` completes it, once."""

    id = models.UUIDField(primary_key=True, help_text="Also the operation id of its record.")
    created_at = models.DateTimeField(db_index=True)
    account_id = models.BigIntegerField()
    key_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    model = models.CharField(max_length=128)
    provider = models.CharField(max_length=64)
    policy = models.CharField(max_length=64, blank=True)
    task_type = models.CharField(max_length=64, blank=True)
    category = models.CharField(max_length=16)
    complexity = models.CharField(max_length=16)
    confidence = models.FloatField(null=True, help_text="how likely the category is")
    second = models.CharField("second category", max_length=16, blank=True, default="")
    read_by = models.CharField(max_length=8, blank=True, default="", help_text="who found the category")
    priority = models.CharField(max_length=16)
    session = models.CharField(max_length=200, blank=True)
    task_id = models.CharField("task", max_length=200, blank=True)
    worker = models.CharField(max_length=200, blank=True)
    tags = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    metadata = models.JSONField(default=dict, blank=True, help_text="the caller's own object")
    estimated_nano = models.BigIntegerField()
    catalogue_release = models.IntegerField()
    router_release = models.IntegerField()
    decision = models.JSONField()
    outcome = models.JSONField(null=True, help_text="as it was told")
    completed_at = models.DateTimeField(null=True)
    objects = OwnedQuerySet.as_manager()
    owned_by = by_account()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["account_id", "-created_at"], name="analytics_selection_account")]

    def __str__(self) -> str:
        return str(self.id)
