"""How models did lately, as the router and the gateway read it: sums in which what is longer ago counts less."""

from django.db import models

from routerhub.audit.models import Fact


class Measuring(Fact):
    """Until where records were measured: the one row of its table."""

    at = models.DateTimeField()
    before = models.BigIntegerField(help_text="Records that earlier transactions wrote are measured.")
    is_sandbox = models.BooleanField(help_text="Whether it is the sandbox that is measured.")

    def __str__(self) -> str:
        return f"until {self.at}"


class MeasuredFact(Fact):
    """How one model, or one deployment of it, did lately, see analytics.measuring.facts. Sums of weights, as of `measured_at`."""

    model = models.CharField(max_length=128, help_text="*: all models together")
    deployment = models.CharField(max_length=200, help_text="*: all deployments together")
    calls = models.FloatField()
    successes = models.FloatField()
    answers = models.FloatField(help_text="whole answers that are timed")
    latency_ms = models.FloatField(help_text="of all answers together")
    output_tokens = models.FloatField(help_text="of all answers together")
    first_tokens = models.FloatField(help_text="answers that told when their first token came")
    ttft_ms = models.FloatField("time to first token", help_text="of all these together")
    measured_at = models.DateTimeField()

    class Meta:
        ordering = ["model", "deployment"]
        constraints = [
            models.UniqueConstraint(fields=["model", "deployment"], name="analytics_measured_once_at_a_deployment")
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.deployment}"


class MeasuredLength(Fact):
    """How long answers were lately, of one sort or of several together: see analytics.measuring.lengths."""

    model = models.CharField(max_length=128, help_text="*: all models together")
    category = models.CharField(max_length=16, help_text="*: all categories together")
    complexity = models.CharField(max_length=16, help_text="*: all complexities together")
    answers = models.PositiveIntegerField(help_text="about so many were measured")
    median_output = models.PositiveIntegerField(help_text="output tokens that half of them do not pass")
    high_output = models.PositiveIntegerField(help_text="output tokens that hardly any of them passes")
    usual_output = models.PositiveIntegerField(
        help_text="output tokens that an answer hardly ever passes, with a margin"
    )
    median_ms = models.PositiveIntegerField(help_text="median time of a whole answer")
    tokens = models.JSONField(help_text="weights by output tokens")
    times = models.JSONField(help_text="weights by milliseconds")
    measured_at = models.DateTimeField()

    class Meta:
        ordering = ["model", "category", "complexity"]
        constraints = [
            models.UniqueConstraint(fields=["model", "category", "complexity"], name="analytics_length_of_one_sort")
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.category} {self.complexity}"
