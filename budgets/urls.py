"""The addresses of accounts, keys and forecasts below /api/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from budgets.viewsets import accounts, forecasts, keys

router = SimpleRouter(trailing_slash=False)
router.register("accounts", accounts.AccountViewSet)
router.register("keys", keys.ApiKeyViewSet)

urlpatterns = [path("budgets/<int:pk>/forecast", forecasts.ForecastView.as_view()), *router.urls]
