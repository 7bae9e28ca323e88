"""The addresses of requests and feedback below /api/."""

from rest_framework.routers import SimpleRouter

from analytics import viewsets

router = SimpleRouter(trailing_slash=False)
router.register("requests", viewsets.RecordViewSet)
router.register("feedback", viewsets.FeedbackViewSet)

urlpatterns = router.urls
