"""The addresses of accounts and keys below /api/."""

from rest_framework.routers import SimpleRouter

from budgets import viewsets

router = SimpleRouter(trailing_slash=False)
router.register("accounts", viewsets.AccountViewSet)
router.register("keys", viewsets.ApiKeyViewSet)

urlpatterns = router.urls
