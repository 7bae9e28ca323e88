"""The catalogue's addresses below /api/."""

from rest_framework.routers import SimpleRouter

from models_registry import viewsets

router = SimpleRouter(trailing_slash=False)
router.register("models", viewsets.ModelViewSet)
router.register("providers", viewsets.ProviderViewSet)
router.register("releases", viewsets.ReleaseViewSet)

urlpatterns = router.urls
