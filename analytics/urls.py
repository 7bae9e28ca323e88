"""Records' addresses below /api/."""

from rest_framework.routers import SimpleRouter

from analytics import viewsets

router = SimpleRouter(trailing_slash=False)
router.register("records", viewsets.RecordViewSet)

urlpatterns = router.urls
