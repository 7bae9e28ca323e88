"""What was learned from traffic, and what is tested."""

from experiments.models.learning import LearningRound, Proposal
from experiments.models.outcomes import ImportedOutcome
from experiments.models.rollouts import GradualRollout, RolloutStep
from experiments.models.tests import Experiment, ExperimentPhase, Look

__all__ = [
    "Experiment", "ExperimentPhase", "GradualRollout", "ImportedOutcome", "LearningRound", "Look", "Proposal", "RolloutStep",
]  # fmt: skip
