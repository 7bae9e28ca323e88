"""The addresses of requests and feedback below /api/."""

from rest_framework.routers import SimpleRouter

from analytics.viewsets.feedback import FeedbackViewSet
from analytics.viewsets.records import RecordViewSet

router = SimpleRouter(trailing_slash=False)
router.register("requests", RecordViewSet)
router.register("feedback", FeedbackViewSet)

urlpatterns = router.urls
