"""Stored releases, and the pointers that say which one is live."""

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models

from routerhub.audit.models import Audited, Fact
from routerhub.releases.types import MAX_LABEL_CHARS, MAX_LINE_CHARS


class Release(Fact):
    """An immutable, validated, numbered bundle of one line. Number 0 ships with the code and has no row."""

    line = models.CharField(max_length=MAX_LINE_CHARS)
    number = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    digest = models.CharField(max_length=64, help_text="SHA-256 of the bundle")
    bundle = models.JSONField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=255)
    label = models.CharField(max_length=MAX_LABEL_CHARS, blank=True, help_text="What a draft is called.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["line", "-number"]
        constraints = [models.UniqueConstraint(fields=["line", "number"], name="one_release_per_number")]

    def __str__(self) -> str:
        return f"{self.line} {self.title}"

    @property
    def title(self) -> str:
        """Its number, and what people call it."""
        return f"{self.number}, {self.label}" if self.label else str(self.number)


class Rollout(Audited):
    """Which release of a line is live, and for whom a newer one is."""

    line = models.CharField(max_length=MAX_LINE_CHARS, primary_key=True)
    stable = models.PositiveIntegerField(default=0)
    candidate = models.PositiveIntegerField(null=True, blank=True)
    percent = models.PositiveSmallIntegerField(default=0)
    switch_on = models.BooleanField(
        "switch", null=True, editable=False,
        help_text="What the line's switch was last turned to, for the history; its file decides. Empty: never turned.",
    )  # fmt: skip
    switch_turned_at = models.DateTimeField(null=True, editable=False)
    final_because = "What is live is not restored but rolled back."

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(percent__lte=100), name="percent_at_most_100")]

    def __str__(self) -> str:
        return f"{self.line}: {self.stable}"
