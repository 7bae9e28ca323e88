"""The addresses of requests, feedback and what was pruned below /api/."""

from rest_framework.routers import SimpleRouter

from analytics.viewsets.feedback import FeedbackViewSet
from analytics.viewsets.prunings import PruningViewSet
from analytics.viewsets.records import RecordViewSet

router = SimpleRouter(trailing_slash=False)
router.register("requests", RecordViewSet)
router.register("feedback", FeedbackViewSet)
router.register("prunings", PruningViewSet)

urlpatterns = router.urls
