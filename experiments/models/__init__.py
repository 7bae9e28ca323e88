"""What was learned from traffic, and what is tested."""

from experiments.models.learning import LearningRound, Proposal
from experiments.models.tests import Experiment, ExperimentPhase, Look

__all__ = ["Experiment", "ExperimentPhase", "LearningRound", "Look", "Proposal"]
