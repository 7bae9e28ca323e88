"""Learning and tests in the admin; and what rules did, for the page of a user's preferences."""

from experiments import pages
from experiments.admin import tests
from experiments.admin.learning import ImportedOutcomeAdmin, LearningRoundAdmin, ProposalAdmin
from experiments.learning.success import pages as outcome_pages
from experiments.rollouts import pages as rollout_pages

__all__ = [
    "ImportedOutcomeAdmin",
    "LearningRoundAdmin",
    "ProposalAdmin",
    "outcome_pages",
    "pages",
    "rollout_pages",
    "tests",
]
