"""The addresses of accounts, keys, limits, forecasts and alerts below /api/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from budgets.viewsets import accounts, alerts, forecasts, keys, limits, members

router = SimpleRouter(trailing_slash=False)
router.register("accounts", accounts.AccountViewSet)
router.register("accounts/(?P<account>[^/]+)/members", members.MemberViewSet, basename="member")
router.register("alerts/rules", alerts.AlertRuleViewSet)
router.register("alerts/channels", alerts.AlertChannelViewSet)
router.register("alerts/deliveries", alerts.DeliveryViewSet)
router.register("alerts", alerts.AlertViewSet)
router.register("keys", keys.ApiKeyViewSet)
router.register("budgets", limits.LimitViewSet)

urlpatterns = [path("budgets/<int:pk>/forecast", forecasts.ForecastView.as_view()), *router.urls]
