"""Learning, tests, rollouts and how prompts are read, in the admin."""

from experiments import pages
from experiments.admin import tests
from experiments.admin.learning import LearningRoundAdmin, ProposalAdmin
from experiments.classification import pages as classification_pages
from experiments.rollouts import pages as rollout_pages

__all__ = ["LearningRoundAdmin", "ProposalAdmin", "classification_pages", "pages", "rollout_pages", "tests"]
