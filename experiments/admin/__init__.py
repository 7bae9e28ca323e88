"""Learning and tests in the admin; and what rules did, for the page of a user's preferences."""

from experiments import pages, rollout_pages
from experiments.admin.learning import LearningRoundAdmin, ProposalAdmin

__all__ = ["LearningRoundAdmin", "ProposalAdmin", "pages", "rollout_pages"]
