"""Dashboards that people compose: the list, the editor of tiles, and the page that shows one."""

import json
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from analytics.admin.dashboards import in_the_admin
from analytics.dashboards import composed, composing, keeping
from analytics.models import Dashboard
from routerhub.audit.admin import AuditedAdmin
from routerhub.audit.pages import StaffPage, page


@admin.register(Dashboard)
class DashboardAdmin(AuditedAdmin):
    """Tiles are picked, ordered and removed by clicks and keys; the script turns the JSON into rows."""

    list_display = ["name", "open_link", "account", "user", "visibility", "tile_count"]
    list_filter = ["visibility", "account"]
    list_select_related = ["account", "user"]
    search_fields = ["name", "user__username", "account__slug"]
    fields = ["name", ("account", "user"), ("visibility", "range"), "where", "tiles"]

    class Media:
        js = ["routerhub/composing.js"]
        css = {"all": ["routerhub/design.css"]}

    def get_queryset(self, request: HttpRequest) -> Any:
        rows: Any = super().get_queryset(request)
        return rows.for_caller(request.user)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "tiles":
            attrs = {"data-tiles": json.dumps(composing.offered()), "rows": 12}
            options["widget"] = UnfoldAdminTextareaWidget(attrs=attrs)
        if db_field.name == "where":
            options["widget"] = UnfoldAdminTextareaWidget(attrs={"rows": 2})
        return super().formfield_for_dbfield(db_field, request, **options)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new one is one's own; "Save this view" brings a page's tiles and filters along."""
        found = {**super().get_changeform_initial_data(request), "user": request.user.pk}
        return {**found, **keeping.of_page(request.GET)}

    @display(description="Show")
    def open_link(self, row: Dashboard) -> SafeString:
        return format_html('<a class="rh-link" href="{}">Open</a>', reverse("admin:dashboard", args=[row.pk]))

    @display(description="Tiles")
    def tile_count(self, row: Dashboard) -> int:
        return len(row.tiles)


@page("dashboards/<int:pk>/", "dashboard")
class DashboardPage(StaffPage):
    """One composed dashboard, with the filters that every page of figures has."""

    template_name = "analytics/dashboard.html"
    permission = "analytics.view_dashboard"

    @cached_property
    def dashboard(self) -> Dashboard:
        found = Dashboard.objects.for_caller(self.request.user).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404(f"There is no dashboard {self.kwargs['pk']}.")
        return found

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        params = dict(self.request.GET.lists())
        shown = in_the_admin(self.request, lambda: composed.show(self.dashboard, params, now(), settings.TIME_ZONE))
        return super().get_context_data(**given, title=self.dashboard.name, dashboard=self.dashboard, **shown)
