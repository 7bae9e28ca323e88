"""The addresses of requests, exports, feedback, reports, what was pruned and the audit log below /api/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from analytics.viewsets import audit_log, costs, reports
from analytics.viewsets.bodies import BodyView
from analytics.viewsets.dashboards import DashboardViewSet
from analytics.viewsets.exports import ExportViewSet, SavedViewViewSet
from analytics.viewsets.feedback import FeedbackViewSet
from analytics.viewsets.prunings import PruningViewSet
from analytics.viewsets.records import RecordViewSet
from analytics.viewsets.selections import SelectionViewSet

router = SimpleRouter(trailing_slash=False)
router.register("dashboards", DashboardViewSet)
router.register("requests", RecordViewSet)
router.register("saved-views", SavedViewViewSet)
router.register("exports", ExportViewSet)
router.register("feedback", FeedbackViewSet)
router.register("routing/targets/policies", reports.PolicyBandViewSet)
router.register("prunings", PruningViewSet)
router.register("routing/selections", SelectionViewSet)

urlpatterns = [
    path("audit", audit_log.AuditLogView.as_view()),
    path("audit/export", audit_log.AuditExportView.as_view()),
    path("audit/chain", audit_log.ChainView.as_view()),
    path("requests/<uuid:operation_id>/body", BodyView.as_view()),
    path("routing/costs", costs.CostsFileView.as_view()),
    path("routing/performance", reports.PerformanceView.as_view()),
    path("routing/savings", reports.SavingsView.as_view()),
    path("routing/targets", reports.TargetsView.as_view()),
    path("routing/opportunities", reports.OpportunitiesView.as_view()),
    path("routing/dearest", reports.DearestView.as_view()),
    *router.urls,
]
