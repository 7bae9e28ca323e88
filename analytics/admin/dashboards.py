"""Overview, Usage and cost, Performance: pages of tiles in the admin."""

from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import now

from analytics.dashboards import pages, standard
from analytics.dashboards.answering import answered
from analytics.dashboards.pages import Page
from analytics.models import Dashboard, Record
from routerhub.audit.pages import StaffPage, page
from routerhub.audit.permissions import may


def in_the_admin(request: HttpRequest, make: Callable[[], Page]) -> dict[str, Any]:
    """A page, and where its tiles lead to."""
    return {
        **answered(request, make),
        **{f"{name}_link": reverse(f"admin:{name}") for name in ("alerts", "opportunities")},
    }


def standing(request: HttpRequest, name: str) -> dict[str, Any]:
    """One of the pages that everybody has."""
    params = dict(request.GET.lists())
    shown = in_the_admin(request, lambda: pages.show(standard.PAGES[name], params, now(), settings.TIME_ZONE))
    if may(request.user, "add", Dashboard):
        kept = [(each, value) for each, values in params.items() for value in values]
        shown["save_link"] = f"{reverse('admin:analytics_dashboard_add')}?{urlencode([*kept, ('tiles', name)])}"
    return shown


class FiguresPage(StaffPage):
    """A page of tiles, by what its address filters."""

    template_name = "analytics/page.html"
    permission = "analytics.view_record"
    name: ClassVar[str] = ""

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(**given, **standing(self.request, self.name))


@page("usage/", "usage")
class UsagePage(FiguresPage):
    title = "Usage and cost"
    name = "usage"


@page("performance/", "performance")
class PerformancePage(FiguresPage):
    title = "Performance"
    name = "performance"


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What templates/admin/index.html shows: figures to who may see the records that they come from."""
    may_see = may(request.user, "view", Record)
    return {**context, **(standing(request, "overview") if may_see else {}), "may_see": may_see}
