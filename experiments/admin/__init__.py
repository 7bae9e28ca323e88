"""Learning, tests, rollouts and how prompts are read, in the admin."""

from experiments import pages
from experiments.admin import tests
from experiments.admin.learning import ImportedOutcomeAdmin, LearningRoundAdmin, ProposalAdmin
from experiments.classification import pages as classification_pages
from experiments.learning.success import pages as outcome_pages
from experiments.rollouts import pages as rollout_pages

__all__ = [
    "ImportedOutcomeAdmin",
    "LearningRoundAdmin",
    "ProposalAdmin",
    "classification_pages",
    "outcome_pages",
    "pages",
    "rollout_pages",
    "tests",
]
