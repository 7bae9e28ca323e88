"""The releases' addresses below /api/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from routerhub.releases import viewsets

router = SimpleRouter(trailing_slash=False)
router.register("releases", viewsets.ReleaseViewSet)

urlpatterns = [
    path("releases/<str:line>/difference", viewsets.DifferenceView.as_view()),
    path("rollouts/<str:line>", viewsets.RolloutView.as_view()),
    path("releases/<str:line>/<int:number>", viewsets.BundleView.as_view()),
    path("releases/<str:line>/<int:number>/file", viewsets.FileView.as_view()),
    path("switches", viewsets.SwitchesView.as_view()),
    *router.urls,
]
