"""Learning and tests in the admin; and what rules did, for the page of a user's preferences."""

from experiments import pages
from experiments.admin import tests
from experiments.admin.learning import LearningRoundAdmin, ProposalAdmin
from experiments.rollouts import pages as rollout_pages

__all__ = ["LearningRoundAdmin", "ProposalAdmin", "pages", "rollout_pages", "tests"]
