"""The addresses of requests, exports, feedback and reports below /api/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from analytics.viewsets import costs, reports
from analytics.viewsets.exports import ExportViewSet, SavedViewViewSet
from analytics.viewsets.feedback import FeedbackViewSet
from analytics.viewsets.records import RecordViewSet

router = SimpleRouter(trailing_slash=False)
router.register("requests", RecordViewSet)
router.register("saved-views", SavedViewViewSet)
router.register("exports", ExportViewSet)
router.register("feedback", FeedbackViewSet)
router.register("routing/targets/policies", reports.PolicyBandViewSet)

urlpatterns = [
    path("routing/costs", costs.CostsFileView.as_view()),
    path("routing/performance", reports.PerformanceView.as_view()),
    path("routing/savings", reports.SavingsView.as_view()),
    path("routing/targets", reports.TargetsView.as_view()),
    path("routing/opportunities", reports.OpportunitiesView.as_view()),
    path("routing/dearest", reports.DearestView.as_view()),
    *router.urls,
]
