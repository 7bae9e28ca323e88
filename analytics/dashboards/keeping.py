"""Composed dashboards: written and taken away, for pages and the API."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.http import QueryDict

from analytics.dashboards import composing, standard
from analytics.dashboards.filters import SINGLE
from analytics.dashboards.types import WORDS
from analytics.models import Dashboard
from analytics.models.dashboards import Visibility
from routerhub.audit import history
from routerhub.audit.change import Change

VISIBILITIES = Visibility.choices


def of_page(asked: QueryDict) -> dict[str, Any]:
    """What "Save this view" brings along of one of the standard pages: its tiles, with what charts over time were stacked by,
    and what it was filtered by. Empty where no page is named."""
    tiles = standard.PAGES.get(asked.get("tiles", ""))
    if tiles is None:
        return {}
    by = tuple(name for name in WORDS if name == asked.get("by"))
    return {
        "tiles": [composing.written(replace(each, by=by) if each.kind == "over_time" else each) for each in tiles],
        "where": {name: values for name, values in asked.lists() if name in WORDS and name not in SINGLE},
    }  # fmt: skip


def blank(account: Any, person: Any, **values: Any) -> Dashboard:
    """A new one, not yet saved."""
    return Dashboard(account=account, user=person, **values)


@transaction.atomic
def save(dashboard: Dashboard, values: Mapping[str, Any], change: Change) -> None:
    """Raises ValidationError."""
    for name, value in values.items():
        setattr(dashboard, name, value)
    dashboard.full_clean()
    history.stamp(dashboard, change)
    dashboard.save()


def delete(dashboard: Dashboard, change: Change) -> None:
    history.delete([dashboard], change)
