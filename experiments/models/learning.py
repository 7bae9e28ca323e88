"""What was learned from traffic: rounds of looking, and the changes they propose for a person to decide on."""

from django.conf import settings
from django.db import models

from experiments.choices import ProposalKind, ProposalState
from routerhub.audit.models import Audited, Fact


class LearningRound(Fact):
    """One look at the records and the feedback, with what came of it. It says so when there was no evidence."""

    began_at = models.DateTimeField()
    since = models.DateTimeField(help_text="From when on records were looked at.")
    records = models.PositiveIntegerField(help_text="requests that were looked at")
    feedback = models.PositiveIntegerField(help_text="requests that somebody judged")
    proposals = models.PositiveIntegerField()
    verdict = models.TextField()

    class Meta:
        ordering = ["-began_at"]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M}: {self.verdict}"


class Proposal(Audited):
    """A change with its evidence. Accepted, it becomes an ordinary change with history and a release."""

    kind = models.CharField(max_length=16, choices=ProposalKind)
    subject = models.CharField(max_length=128, help_text="Id of the model, or name of the policy.")
    detail = models.CharField(max_length=32, blank=True, help_text="The score's dimension.")
    before = models.JSONField()
    after = models.JSONField()
    evidence = models.JSONField(help_text="Sample size, measure, interval.")
    summary = models.TextField(help_text="The evidence in words.")
    state = models.CharField(max_length=16, choices=ProposalState, default=ProposalState.OPEN)
    learned_in = models.ForeignKey(LearningRound, on_delete=models.CASCADE, related_name="made")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=255, blank=True)
    release = models.PositiveIntegerField(null=True, blank=True, help_text="The router release that it became.")

    class Meta:
        ordering = ["state", "-id"]

    def __str__(self) -> str:
        return f"{self.subject} {self.detail or self.kind}"
