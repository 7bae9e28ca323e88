"""The router's addresses below /api/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from autorouter.viewsets import configuration, decisions, people, preferences

router = SimpleRouter(trailing_slash=False)
router.register("routing/policies", configuration.PolicyViewSet)
router.register("routing/task-types", configuration.TaskTypeViewSet)
router.register("preferences/sets", preferences.PreferenceSetViewSet)
router.register("sessions", people.SessionViewSet)
router.register("profiles", configuration.ProfileViewSet)

urlpatterns = [
    path("routing/select", decisions.SelectView.as_view()),
    path("profiles", configuration.ProfileViewSet.as_view({"get": "list", "patch": "patch"})),
    path("router/configuration", configuration.RouterConfigurationView.as_view()),
    path("preferences", preferences.PreferencesView.as_view()),
    *router.urls,
]
