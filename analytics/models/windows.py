"""What the records come to, rolled up; and how far."""

from datetime import UTC, datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models

from routerhub.audit.models import Fact
from routerhub.tenancy.owners import by_account

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Rolled(Fact):
    """Figures of some requests in one stretch of time: all that `analytics_figures` has. Both tables of them are made in SQL
    (analytics/sql/windows.sql), since Django cannot partition. Account 0 is all accounts together."""

    pk = models.CompositePrimaryKey("grain", "account_id", "start")
    grain = models.SmallIntegerField(help_text="minutes")
    start = models.DateTimeField()
    account_id = models.BigIntegerField()
    is_sandbox = models.BooleanField("sandbox")
    requests = models.BigIntegerField()
    cost_nano = models.BigIntegerField()
    errors = models.JSONField(null=True)
    latencies = ArrayField(models.BigIntegerField(), null=True)
    first_token_times = ArrayField(models.BigIntegerField(), null=True)
    owned_by = by_account()

    class Meta:
        abstract = True
        managed = False


class Window(Rolled):
    """By one dimension."""

    dimension = models.TextField()
    value = models.TextField()

    class Meta(Rolled.Meta):
        db_table = "analytics_window"

    def __str__(self) -> str:
        return f"{self.dimension} {self.value}, {self.grain} minutes from {self.start:%Y-%m-%d %H:%M}"


class Cross(Rolled):
    """By all dimensions that have one value."""

    class Meta(Rolled.Meta):
        db_table = "analytics_cross"

    def __str__(self) -> str:
        return f"account {self.account_id}, {self.grain} minutes from {self.start:%Y-%m-%d %H:%M}"


class Watermark(Fact):
    """How far the records are rolled up: one row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    until_transaction = models.BigIntegerField(default=0, help_text="What transactions below this wrote was seen.")
    as_of = models.DateTimeField(default=BEGINNING, help_text="What was written by then is counted.")
    seen_at = models.DateTimeField(default=BEGINNING, help_text="What was written by then was seen.")
    next_transaction = models.BigIntegerField(default=0, help_text="The first that had not begun at the moment below.")
    next_at = models.DateTimeField(
        default=BEGINNING, help_text="What was written by then is seen when no transaction below that is open."
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="analytics_one_watermark")]

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d %H:%M}"


class Touched(Fact):
    """A quarter of an hour of an account of which something was written that is not rolled up yet."""

    account_id = models.BigIntegerField()
    quarter = models.DateTimeField()
    since_transaction = models.BigIntegerField(help_text="What transactions below this wrote is counted.")
    may_shrink = models.BooleanField(
        default=False, help_text="Count what is there, though it be less than was counted."
    )
    records = models.BigIntegerField(help_text="How many were written.")
    owned_by = by_account()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["quarter", "account_id"], name="analytics_touched_once")]

    def __str__(self) -> str:
        return f"account {self.account_id}, {self.quarter:%Y-%m-%d %H:%M}"


class Baseline(Fact):
    """At which model's rates requests are reckoned as well; of one release of the catalogue and one of the router."""

    catalogue_release = models.IntegerField()
    router_release = models.IntegerField()
    category = models.CharField(max_length=16)
    kind = models.CharField(
        max_length=8,
        choices=[
            ("best", "The best for the category"),
            ("good", "The cheapest that is good enough"),
            ("asked", "As asked"),
        ],
    )
    asked = models.CharField(max_length=160, blank=True, help_text="the model that was asked for by name")
    model = models.CharField(max_length=128)
    input_rate = models.DecimalField(max_digits=20, decimal_places=6, help_text="nano-dollars a token")
    output_rate = models.DecimalField(max_digits=20, decimal_places=6, help_text="nano-dollars a token")
    cache_read_rate = models.DecimalField(max_digits=20, decimal_places=6, help_text="nano-dollars a token")
    cache_write_rate = models.DecimalField(max_digits=20, decimal_places=6, help_text="nano-dollars a token")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["catalogue_release", "router_release", "category", "kind", "asked"],
                name="analytics_baseline_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.category} {self.asked}: {self.model}"
