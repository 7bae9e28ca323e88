"""Control-plane addresses. The data plane's are in routerhub/gateway/app.py."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, include, path, re_path, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from routerhub import error_pages
from routerhub.problems import not_found

admin.autodiscover()
handler403, handler404, handler500 = error_pages.forbidden, error_pages.not_found, error_pages.failed
RENAMED = {"records": "requests", "history": "changes"}
"""Earlier words of the API, and what the same is called now. What was written for them goes on working."""


@csrf_exempt  # the views of the REST framework check that themselves
def renamed(request: HttpRequest, word: str, rest: str) -> Any:
    """Answer at an earlier address what the one of now answers."""
    match = resolve(f"/api/{RENAMED[word]}{rest}")
    return match.func(request, *match.args, **match.kwargs)


urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("accounts/", include("budgets.people.sign_in.urls")),
    path("admin/", admin.site.urls),
    path("console/", include("routerhub.console.urls")),
    path("enterprise-router", RedirectView.as_view(url="/console/")),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("api/", include("routerhub.audit.urls")),
    path("api/", include("routerhub.releases.urls")),
    path("api/", include("autorouter.urls")),
    path("api/", include("analytics.urls")),
    path("api/", include("models_registry.urls")),
    path("api/", include("budgets.urls")),
    path("api/", include("routerhub.batches.urls")),
    path("api/", include("experiments.urls")),
    re_path(f"^api/(?P<word>{'|'.join(RENAMED)})(?P<rest>(?:/.*)?)$", renamed),
    re_path("^api/", not_found),
]
