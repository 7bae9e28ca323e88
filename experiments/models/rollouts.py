"""Releases that are rolled out step by step, and what each step found."""

from collections.abc import Mapping
from typing import Any

from django.db import models

from experiments.choices import RolloutState
from routerhub.audit.models import Audited, Fact
from routerhub.releases.types import MAX_LINE_CHARS


class GradualRollout(Audited):
    """A release given to more and more of the users while its guardrails hold. experiments.rollouts.stepping alone writes it."""

    line = models.CharField(max_length=MAX_LINE_CHARS)
    release = models.PositiveIntegerField(help_text="What is rolled out.")
    stable = models.PositiveIntegerField(help_text="What it is compared with: the release that the others have.")
    guardrails = models.JSONField(
        help_text='What rolls it back by itself, e.g. [{"measure": "success", "margin": 0.01}].'
    )
    state = models.CharField(max_length=12, choices=RolloutState, default=RolloutState.RUNNING)
    step = models.PositiveSmallIntegerField(default=1, help_text="Which of its steps it is at, from 1.")
    said = models.TextField(blank=True, help_text="How it ended, or why it is held.")
    reason = models.TextField(help_text="Why it was begun.")
    author = models.CharField(max_length=150, blank=True, help_text="Who began it; empty: a command.")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    final_because = "A rollout is not restored as it was: what it measured belongs to it. Begin a new one."

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["line"], condition=models.Q(state__in=["running", "paused"]), name="one_rollout_per_line"
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.line} release {self.release}"

    @property
    def is_open(self) -> bool:
        return self.state in RolloutState.open()


class RolloutStep(Fact):
    """One step of a rollout: its share, what it needs, and what the last look at it found."""

    rollout = models.ForeignKey(GradualRollout, on_delete=models.CASCADE, related_name="steps")
    place = models.PositiveSmallIntegerField(help_text="From 1.")
    percent = models.PositiveSmallIntegerField(help_text="of the users")
    minutes = models.PositiveIntegerField(help_text="It lasts at least so long.")
    units = models.PositiveIntegerField(help_text="So many users at least must have asked for something.")
    requests = models.PositiveIntegerField(help_text="So many requests of theirs at least must have come in.")
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    is_waiting = models.BooleanField(default=False)
    said = models.TextField(blank=True, help_text="What the last look led to, and why.")
    findings: Any = models.JSONField(null=True, help_text="As experiments.ab.findings_json writes them.")

    class Meta:
        ordering = ["rollout", "place"]
        constraints = [models.UniqueConstraint(fields=["rollout", "place"], name="one_step_of_a_place")]

    def __str__(self) -> str:
        return f"{self.rollout}, {self.percent} %"

    @property
    def found(self) -> Mapping[str, Any]:
        """The findings; none before the first look."""
        return self.findings or {}
