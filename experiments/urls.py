"""Addresses of what is tried out, below /api/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from experiments import viewsets

router = SimpleRouter(trailing_slash=False)
router.register("learning/rounds", viewsets.LearningRoundViewSet)
router.register("learning/proposals", viewsets.ProposalViewSet)

urlpatterns = [
    path("router/preview", viewsets.PreviewView.as_view()),
    path("backtests", viewsets.BacktestView.as_view()),
    path("decisions/<str:operation_id>", viewsets.DecisionView.as_view()),
    path("preferences/rules/effects", viewsets.RuleEffectsView.as_view()),
    *router.urls,
]
