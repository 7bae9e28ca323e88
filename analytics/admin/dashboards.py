"""Overview, Usage and cost, Performance: pages of tiles in the admin."""

import logging
from collections.abc import Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import now

from analytics.dashboards import pages, standard
from analytics.dashboards.types import Tile
from analytics.models import Record
from budgets.formats import ago
from routerhub.audit.pages import StaffPage, page
from routerhub.audit.permissions import may

logger = logging.getLogger(__name__)


def shown(request: HttpRequest, tiles: Sequence[Tile]) -> dict[str, Any]:
    """What templates/analytics/board.html shows, or what is wrong with the address."""
    moment = now()
    try:
        found = pages.show(tiles, dict(request.GET.lists()), moment, settings.TIME_ZONE)
    except ValidationError as refused:
        return {"problems": refused.message_dict}
    except OperationalError:
        logger.warning("action=figures_failed path=%s", request.path, exc_info=True)
        return {"is_down": True, "patience_s": pages.PATIENCE_S, "again": request.get_full_path()}
    as_of = found.board.as_of
    return {
        "page": found, "as_of": ago(found.view.local(as_of), found.view.now) if as_of else "",
        "alerts_link": reverse("admin:alerts"),
    }  # fmt: skip


class FiguresPage(StaffPage):
    """A page of tiles, by what its address filters."""

    template_name = "analytics/page.html"
    permission = "analytics.view_record"
    tiles: ClassVar[Sequence[Tile]] = ()

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(**given, **shown(self.request, self.tiles))


@page("usage/", "usage")
class UsagePage(FiguresPage):
    title = "Usage and cost"
    tiles = standard.USAGE


@page("performance/", "performance")
class PerformancePage(FiguresPage):
    title = "Performance"
    tiles = standard.PERFORMANCE


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What templates/admin/index.html shows: figures to who may see the records that they come from."""
    may_see = may(request.user, "view", Record)
    return {**context, **(shown(request, standard.OVERVIEW) if may_see else {}), "may_see": may_see}
