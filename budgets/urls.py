"""The addresses of accounts below /api/."""

from rest_framework.routers import SimpleRouter

from budgets import viewsets

router = SimpleRouter(trailing_slash=False)
router.register("accounts", viewsets.AccountViewSet)

urlpatterns = router.urls
