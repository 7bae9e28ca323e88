"""The addresses of accounts and keys below /api/."""

from rest_framework.routers import SimpleRouter

from budgets.viewsets import accounts, keys, limits

router = SimpleRouter(trailing_slash=False)
router.register("accounts", accounts.AccountViewSet)
router.register("keys", keys.ApiKeyViewSet)
router.register("budgets", limits.LimitViewSet)

urlpatterns = router.urls
