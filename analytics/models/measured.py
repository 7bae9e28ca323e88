"""How models did lately, as the router and the gateway read it."""

from django.db import models

from routerhub.audit.models import Fact


class MeasuredFact(Fact):
    """How one model did over the last day, see analytics.measuring.facts."""

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


class MeasuredLength(Fact):
    """How long the answers of the last day were, of one sort or of several together: see analytics.measuring.lengths."""

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
