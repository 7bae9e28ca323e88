"""The words that a field of an experiment may take."""

from django.db import models


class ProposalKind(models.TextChoices):
    SCORE = "score", "Profile score"
    ORDER = "order", "Policy order"


class ProposalState(models.TextChoices):
    OPEN = "open", "Waits for a person"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"
    OUTDATED = "outdated", "Outdated"
