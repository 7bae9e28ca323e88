"""The words that a field of an experiment may take."""

from django.db import models


class ProposalKind(models.TextChoices):
    SCORE = "score", "Profile score"
    ORDER = "order", "Policy order"
    SUCCESS = "success", "Learned success"


class ProposalState(models.TextChoices):
    OPEN = "open", "Waits for a person"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"
    OUTDATED = "outdated", "Outdated"


class Unit(models.TextChoices):
    USER = "user", "User"
    SESSION = "session", "Session"


class TreatmentKind(models.TextChoices):
    """See experiments.ab.types.TreatmentKind."""

    SAME = "same", "As it is"
    PROVIDER = "provider", "Provider"
    MODEL = "model", "Model"
    POLICY = "policy", "Policy"
    PREFERENCES = "preferences", "Preferences"
    RELEASE = "release", "Router release"
    TIER = "tier", "One cost tier"
    SHUFFLE = "shuffle", "Models drawn at random, at the same cost"


class Measure(models.TextChoices):
    COST = "cost", "Cost per request"
    SUCCESS = "success", "Success"
    LATENCY = "latency", "Mean latency"
    LATENCY_P95 = "latency_p95", "p95 latency"
    TTFT = "ttft", "Time to first token"
    SATISFACTION = "satisfaction", "Satisfaction"
    TOKENS = "tokens", "Output tokens"
    FALLBACK = "fallback", "Fallback rate"


class Allocation(models.TextChoices):
    FIXED = "fixed", "Fixed: the shares stay as they are"
    ADAPTIVE = "adaptive", "Adaptive: new units go where it does better"


class ExperimentState(models.TextChoices):
    DRAFT = "draft", "Draft"
    RUNNING = "running", "Running"
    STOPPED = "stopped", "Stopped"
    ENDED = "ended", "Ended"


class Declared(models.TextChoices):
    A = "a", "A"
    B = "b", "B"
    NEITHER = "neither", "Neither"


class RolloutState(models.TextChoices):
    RUNNING = "running", "Rolling out"
    PAUSED = "paused", "Held"
    DONE = "done", "Live for everybody"
    ROLLED_BACK = "rolled_back", "Rolled back"
    STOPPED = "stopped", "Stopped"

    @classmethod
    def open(cls) -> tuple["RolloutState", ...]:
        """Those in which it is looked at and may still be rolled back by itself."""
        return cls.RUNNING, cls.PAUSED
