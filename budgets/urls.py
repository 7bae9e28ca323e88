"""The addresses of accounts and keys below /api/."""

from rest_framework.routers import SimpleRouter

from budgets.viewsets import accounts, keys, members

router = SimpleRouter(trailing_slash=False)
router.register("accounts", accounts.AccountViewSet)
router.register("accounts/(?P<account>[^/]+)/members", members.MemberViewSet, basename="member")
router.register("keys", keys.ApiKeyViewSet)

urlpatterns = router.urls
