"""A composed dashboard as a page: what it keeps, under what its address asks for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from analytics.dashboards import composing, pages
from analytics.dashboards.filters import Params
from analytics.dashboards.pages import Page
from analytics.models import Dashboard


def of(user: Any) -> QuerySet[Dashboard]:
    """Those that somebody may see of an account: their own, and those that others of it share."""
    return Dashboard.objects.for_caller(user).exclude(account=None).select_related("account", "user")


def show(dashboard: Dashboard, params: Params, now: datetime, zone: str) -> Page:
    """The figures of its account alone. Raises ValidationError, and OperationalError where the database has no answer in time."""
    accounts = None if dashboard.account_id is None else frozenset({dashboard.account_id})
    return pages.show(composing.read(dashboard.tiles), _over(dashboard, params), now, zone, accounts)


def _over(dashboard: Dashboard, params: Params) -> Params:
    """What the dashboard keeps, unless the address says something else of the same."""
    kept: dict[str, list[str]] = dict(dashboard.where)
    if not {"range", "since", "until"} & params.keys():
        kept["range"] = [dashboard.range]
    return {**kept, **params}


def told(page: Page) -> Mapping[str, Any]:
    """Its figures, for programs."""
    view = page.view
    return {
        "since": view.since, "until": view.until, "zone": view.zone, "traffic": view.traffic,
        "as_of": page.board.as_of,
        "tiles": [
            {
                "kind": each.tile.kind, "title": each.title, "problem": each.problem,
                "value": None if each.value is None else composing.plain(each.value),
            }
            for each in page.board.tiles
        ],
    }  # fmt: skip
