"""Addresses of what is tried out, below /api/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from experiments.viewsets import classification, learning, replay, rollouts, tests

router = SimpleRouter(trailing_slash=False)
router.register("experiments", tests.ExperimentViewSet)
router.register("learning/rounds", learning.LearningRoundViewSet)
router.register("learning/proposals", learning.ProposalViewSet)
router.register("learning/outcomes", learning.ImportedOutcomeViewSet)
router.register("gradual-rollouts", rollouts.GradualRolloutViewSet)

urlpatterns = [
    path("router/preview", replay.PreviewView.as_view()),
    path("backtests", replay.BacktestView.as_view()),
    path("routing/classification", classification.ClassificationView.as_view()),
    path("decisions/<str:operation_id>", replay.DecisionView.as_view()),
    path("preferences/trial", replay.TrialView.as_view()),
    path("preferences/rules/effects", replay.RuleEffectsView.as_view()),
    *router.urls,
]
