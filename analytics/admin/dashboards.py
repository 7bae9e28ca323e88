"""Overview, Usage and cost, Performance: pages of tiles in the admin."""

import logging
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import now

from analytics.dashboards import pages, standard
from analytics.dashboards.pages import Page
from analytics.models import Dashboard, Record
from budgets.formats import ago
from routerhub.audit.pages import StaffPage, page
from routerhub.audit.permissions import may

logger = logging.getLogger(__name__)


def answered(request: HttpRequest, make: Callable[[], Page]) -> dict[str, Any]:
    """What templates/analytics/figures.html shows: a page, what is wrong with the address, or that the database is slow."""
    try:
        found = make()
    except ValidationError as refused:
        return {"problems": refused.message_dict}
    except OperationalError:
        logger.warning("action=figures_failed path=%s", request.path, exc_info=True)
        return {"is_down": True, "patience_s": pages.PATIENCE_S, "again": request.get_full_path()}
    as_of = found.board.as_of
    told = ago(found.view.local(as_of), found.view.now) if as_of else ""
    links = {f"{name}_link": reverse(f"admin:{name}") for name in ("alerts", "opportunities")}
    return {"page": found, "as_of": told, **links}


def standing(request: HttpRequest, name: str) -> dict[str, Any]:
    """One of the pages that everybody has."""
    params = dict(request.GET.lists())
    shown = answered(request, lambda: pages.show(standard.PAGES[name], params, now(), settings.TIME_ZONE))
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
