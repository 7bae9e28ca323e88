"""Figures of one's own accounts: the pages that everybody has, and dashboards that one composed or that are shared with one."""

from typing import Any

from django.conf import settings
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.timezone import now

from analytics.dashboards import composed, pages, standard
from analytics.dashboards.answering import answered
from analytics.reports.readers import accounts_of
from routerhub.console.pages import ConsolePage

TITLES = {"usage": "Usage and cost", "performance": "Performance"}


class Figures(ConsolePage):
    """What the templates show: a title, the figures, and the dashboards that there are."""

    template_name = "console/figures.html"
    nav = "console_analytics"
    right = "analytics.view_record"

    def shown(self, title: str, make: Any) -> dict[str, Any]:
        dashboards = composed.of(self.request.user)
        return {"title": title, "titles": TITLES, "dashboards": dashboards, **answered(self.request, make)}


class StandardPage(Figures):
    """Usage and cost, or performance, of the accounts in which one's role shows requests."""

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        name = self.kwargs["name"]
        if name not in TITLES:
            raise Http404(f"There is no page {name}; there are {', '.join(TITLES)}.")
        params = dict(self.request.GET.lists())
        tiles, accounts = standard.PAGES[name], accounts_of(self.request.user)
        shown = self.shown(TITLES[name], lambda: pages.show(tiles, params, now(), settings.TIME_ZONE, accounts))
        return super().get_context_data(here=name, **given, **shown)


class DashboardPage(Figures):
    """A composed one."""

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        dashboard = get_object_or_404(composed.of(self.request.user), pk=self.kwargs["number"])
        params = dict(self.request.GET.lists())
        shown = self.shown(dashboard.name, lambda: composed.show(dashboard, params, now(), settings.TIME_ZONE))
        return super().get_context_data(here=dashboard.pk, **given, **shown)
