"""Analytics: figures of the account, on the pages that everybody has and on dashboards that people compose."""

import json
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.dashboards import composed, composing, keeping, pages, standard
from analytics.dashboards.answering import answered
from analytics.dashboards.pages import Page
from analytics.dashboards.ranges import USUAL
from routerhub.console.forms import ConsoleForm
from routerhub.console.pages import ConsolePage

TITLES = {"usage": "Usage and cost", "performance": "Performance"}
OFFERED = composing.offered()
ADD, CHANGE, DELETE = (f"analytics.{verb}_dashboard" for verb in ("add", "change", "delete"))


class AnalyticsPage(ConsolePage):
    """What all of them show: the pages and dashboards that there are."""

    nav = "console_analytics"
    right = "analytics.view_record"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(
            titles=TITLES, dashboards=self.dashboards, may_add=self.extent(ADD) is not None,
            subtitle=f"{self.account.name} · {_('times in')} {self.zone.key}", **given,
        )  # fmt: skip

    @property
    def dashboards(self) -> Any:
        return composed.of(self.request.user).filter(account=self.account)

    def figures(self, make: Callable[[dict[str, Any], str], Page]) -> dict[str, Any]:
        """A page as its address asks for it, by the account's clock."""
        params = dict(self.request.GET.lists())
        return answered(self.request, lambda: make(params, self.zone.key))


class StandardPage(AnalyticsPage):
    """Usage and cost, or performance."""

    template_name = "console/analytics/figures.html"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        name = self.kwargs["name"]
        if name not in TITLES:
            raise Http404(f"There is no page {name}; there are {', '.join(TITLES)}.")
        tiles, accounts = standard.PAGES[name], frozenset([self.account.pk])
        shown = self.figures(lambda params, zone: pages.show(tiles, params, now(), zone, accounts))
        return super().get_context_data(
            **given, here=name, title=TITLES[name], save_link=self._save_link(name), **shown
        )

    def _save_link(self, name: str) -> str:
        if self.extent(ADD) is None:
            return ""
        asked = [(each, value) for each, values in self.request.GET.lists() for value in values]
        return f"{reverse('console_dashboard_new')}?{urlencode([*asked, ('tiles', name)])}"


class DashboardPage(AnalyticsPage):
    """A composed one."""

    template_name = "console/analytics/figures.html"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        dashboard = get_object_or_404(self.dashboards, pk=self.kwargs["number"])
        shown = self.figures(lambda params, zone: composed.show(dashboard, params, now(), zone))
        return super().get_context_data(
            **given, here=dashboard.pk, title=dashboard.name, dashboard=dashboard,
            may_change=self.request.user.has_perm(CHANGE, dashboard), **shown,
        )  # fmt: skip


class DashboardForm(ConsoleForm):
    """Its tiles are picked, ordered and removed by clicks and keys; without script they are JSON."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    visibility = forms.ChoiceField(label=gettext_lazy("Shown to"), choices=keeping.VISIBILITIES)
    range = forms.ChoiceField(label=gettext_lazy("Range"), choices=[*OFFERED["ranges"].items()], initial=USUAL)
    where = forms.JSONField(required=False, widget=forms.HiddenInput)
    tiles = forms.JSONField(
        label=gettext_lazy("Tiles"), widget=forms.Textarea(attrs={"rows": 12, "data-tiles": json.dumps(OFFERED)})
    )

    def clean_where(self) -> Any:
        return self.cleaned_data["where"] or {}


class DeleteForm(ConsoleForm):
    """The dashboard goes; its figures stay."""


class EditPage(AnalyticsPage):
    """Where a dashboard is composed: a new one, or one that may be changed."""

    template_name = "console/analytics/edit.html"
    actions: ClassVar = {"save": DashboardForm, "delete": DeleteForm}

    @cached_property
    def dashboard(self) -> Any:
        """Raises Http404, and PermissionDenied for one that is somebody else's."""
        if "number" not in self.kwargs:
            self.demand(self.extent(ADD) is not None)
            return keeping.blank(self.account, self.request.user, range=USUAL, **keeping.of_page(self.request.GET))
        found = get_object_or_404(self.dashboards, pk=self.kwargs["number"])
        self.demand(self.request.user.has_perm(CHANGE, found))
        return found

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        row, sent = self.dashboard, given.pop("form", None)
        initial = {name: getattr(row, name) for name in ("name", "visibility", "range", "where", "tiles")}
        form = sent if isinstance(sent, DashboardForm) else DashboardForm(initial=initial)
        title = _("New dashboard") if row.pk is None else row.name
        return super().get_context_data(**given, form=form, dashboard=row, here=row.pk or "new", title=title)

    def act(self, form: Any, **_options: Any) -> HttpResponse:
        row = self.dashboard
        if self.action == "delete":
            self.demand(self.request.user.has_perm(DELETE, row))
            keeping.delete(row, self.because("deleted in the console"))
            messages.success(self.request, _("Deleted: %(name)s.") % {"name": row.name})
            return redirect("console_analytics")
        keeping.save(row, form.cleaned_data, self.because("composed in the console"))
        return redirect("console_dashboard", row.pk)
