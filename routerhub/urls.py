"""Control-plane addresses. The data plane's are in routerhub/gateway/app.py."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from routerhub.problems import not_found

admin.autodiscover()

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("api/", include("routerhub.audit.urls")),
    path("api/", include("routerhub.releases.urls")),
    path("api/", include("autorouter.urls")),
    path("api/", include("models_registry.urls")),
    path("api/", include("analytics.urls")),
    path("api/", include("experiments.urls")),
    re_path("^api/", not_found),
]
