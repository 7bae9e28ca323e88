"""The addresses of accounts and keys below /api/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from budgets.viewsets import accounts, keys, shares

router = SimpleRouter(trailing_slash=False)
router.register("accounts", accounts.AccountViewSet)
router.register("keys", keys.ApiKeyViewSet)

urlpatterns = [
    path("shares", shares.SharesView.as_view()),
    path("shares/<int:pk>", shares.ShareView.as_view()),
    *router.urls,
]
