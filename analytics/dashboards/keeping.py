"""Composed dashboards: written and taken away, for pages and the API."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from analytics.models import Dashboard
from analytics.models.dashboards import Visibility
from routerhub.audit import history
from routerhub.audit.change import Change

VISIBILITIES = Visibility.choices


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
