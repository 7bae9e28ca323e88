"""The addresses of accounts, keys, limits, forecasts, alerts and the books below /api/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from budgets.viewsets import accounts, alerts, books, forecasts, invitations, keys, limits, members, shares

router = SimpleRouter(trailing_slash=False)
router.register("accounts", accounts.AccountViewSet)
router.register("accounts/(?P<account>[^/]+)/members", members.MemberViewSet, basename="member")
router.register("accounts/(?P<account>[^/]+)/invitations", invitations.InvitationViewSet, basename="invitation")
router.register("alerts/rules", alerts.AlertRuleViewSet)
router.register("alerts/channels", alerts.AlertChannelViewSet)
router.register("alerts/deliveries", alerts.DeliveryViewSet)
router.register("alerts", alerts.AlertViewSet)
router.register("keys", keys.ApiKeyViewSet)
router.register("budgets", limits.LimitViewSet)
router.register("ledger", books.LedgerViewSet)
router.register("billing", books.BillingViewSet)

urlpatterns = [
    path("budgets/<int:pk>/forecast", forecasts.ForecastView.as_view()),
    path("shares", shares.SharesView.as_view()),
    path("shares/<int:pk>", shares.ShareView.as_view()),
    path("ledger/reconciliation", books.ReconciliationView.as_view()),
    *router.urls,
]
