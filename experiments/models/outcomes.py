"""Outcomes that were measured elsewhere, for what is learned of models' success."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from routerhub.audit.models import Fact


class ImportedOutcome(Fact):
    """How good one model's answer to one prompt was, without the prompt: the numbers of its known words are kept."""

    digest = models.CharField(
        max_length=32, unique=True, help_text="Of question, model, source and moment: each is kept once."
    )
    question = models.CharField(max_length=32, help_text="The same for all outcomes of one prompt.")
    model = models.CharField(max_length=128, help_text="The model's id.")
    category = models.CharField(max_length=16)
    complexity = models.CharField(max_length=16, blank=True)
    terms = ArrayField(models.PositiveIntegerField(), help_text="Numbers of the prompt's words that the table knows.")
    score = models.FloatField(help_text="0 (useless) to 1 (just right)")
    source = models.CharField(max_length=64, help_text="Where it was measured; outcomes are deleted by it.")
    happened_at = models.DateTimeField(null=True, help_text="When it was measured.")
    imported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["source"], name="imported_outcome_source")]

    def __str__(self) -> str:
        return f"{self.model}: {self.score:g}"
