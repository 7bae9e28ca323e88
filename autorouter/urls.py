"""The router's addresses below /api/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from autorouter import viewsets

router = SimpleRouter(trailing_slash=False)
router.register("routing/policies", viewsets.PolicyViewSet)
router.register("routing/task-types", viewsets.TaskTypeViewSet)
router.register("profiles", viewsets.ProfileViewSet)

urlpatterns = [
    path("routing/select", viewsets.SelectView.as_view()),
    path("router/configuration", viewsets.RouterConfigurationView.as_view()),
    *router.urls,
]
