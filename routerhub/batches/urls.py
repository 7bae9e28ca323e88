"""The addresses of batches below /api/."""

from rest_framework.routers import SimpleRouter

from routerhub.batches import viewsets

router = SimpleRouter(trailing_slash=False)
router.register("batches", viewsets.BatchViewSet)

urlpatterns = router.urls
