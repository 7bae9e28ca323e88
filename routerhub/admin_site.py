"""The admin site: the pages that belong to no single table, then the tables' own."""

from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, re_path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView
from unfold.sites import UnfoldAdminSite

from routerhub.audit.admin import delete_selected
from routerhub.audit.page_checks import pages_that_do_not_ask_why
from routerhub.audit.pages import ADDRESSES
from routerhub.finding import find
from routerhub.notices import notices

SHORT_ADDRESSES = {"models": "models_registry_model_changelist", "auto-router": "tuning"}
"""What people type, and the page that it leads to."""


class RouterHubSite(UnfoldAdminSite):  # type: ignore[misc]
    """The site that all apps register their tables and pages on."""

    index_title = "Overview"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.add_action(delete_selected)

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The one sign-in of all pages, so that there is no way around a second factor."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
        if not url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
            wanted = reverse("admin:index")
        return redirect(wanted if request.user.is_authenticated else redirect_to_login(wanted).url)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """With what holds for the whole site at the moment, for people who are in."""
        return {**super().each_context(request), "notices": notices() if self.has_permission(request) else []}

    def search(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """What Ctrl K finds. Never out of a cache: what one may see may have changed since."""
        context = {"results": find(request, request.GET.get("s", ""))}
        return TemplateResponse(request, "unfold/helpers/command_results.html", context)

    def get_urls(self) -> list[Any]:
        own = [path(each.route, self.admin_view(each.view), name=each.name) for each in ADDRESSES]
        short = [
            re_path(
                f"^{word}/?$", self.admin_view(RedirectView.as_view(pattern_name=f"admin:{name}", query_string=True))
            )
            for word, name in SHORT_ADDRESSES.items()
        ]
        return [*own, *short, *super().get_urls()]

    def check(self, app_configs: Any) -> list[Any]:
        """As Django's, and that nothing audited can be changed without saying why."""
        return [*super().check(app_configs), *pages_that_do_not_ask_why(self._registry)]
