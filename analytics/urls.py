"""The addresses of requests and feedback below /api/."""

from rest_framework.routers import SimpleRouter

from analytics.viewsets.feedback import FeedbackViewSet
from analytics.viewsets.records import RecordViewSet
from analytics.viewsets.selections import SelectionViewSet

router = SimpleRouter(trailing_slash=False)
router.register("requests", RecordViewSet)
router.register("feedback", FeedbackViewSet)
router.register("routing/selections", SelectionViewSet)

urlpatterns = router.urls
