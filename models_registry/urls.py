"""The catalogue's addresses below /api/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from models_registry import calling_viewsets, viewsets

router = SimpleRouter(trailing_slash=False)
router.register("models", viewsets.ModelViewSet)
router.register("providers", viewsets.ProviderViewSet)
router.register("circuits", calling_viewsets.CircuitViewSet)
router.register("provider-keys", calling_viewsets.ProviderKeyViewSet)
router.register("prices", viewsets.PriceViewSet)
router.register("imports", viewsets.ImportViewSet)

# An id may hold a slash, so what follows one must be tried before the id alone.
urlpatterns = [
    path("models/<path:identifier>/duplicate", viewsets.ModelViewSet.as_view({"post": "duplicate"})),
    path("models/<path:identifier>/deprecate", viewsets.ModelViewSet.as_view({"post": "deprecate"})),
    path("prices/sync", viewsets.PriceSyncView.as_view()),
    path("exports/<str:table>", viewsets.ExportView.as_view()),
    *router.urls,
]
