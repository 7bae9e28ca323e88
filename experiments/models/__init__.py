"""What was learned from traffic, and what is tested."""

from experiments.models.learning import LearningRound, Proposal

__all__ = ["LearningRound", "Proposal"]
