"""Which alerts somebody sees."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet

from budgets.choices import AlertState
from budgets.models import Alert
from budgets.people.ownership import visible
from budgets.people.rights import within
from routerhub.audit.permissions import may, right

OPEN = (AlertState.TRIGGERED, AlertState.NEAR)
"""What nobody has taken in hand yet, the gravest first."""


def visible_alerts(user: Any) -> QuerySet[Alert]:
    """Of a login or a key. What a person's own spend in all their accounts came to belongs to no account: a login sees it."""
    found = Alert.objects.select_related("account", "user", "acknowledged_by")
    if may(user, "view", Alert) or getattr(user, "caller", None):
        return visible(found, user)
    return found.filter(within(user, right("view", Alert), Alert) | Q(account=None, user=user.pk))


def open_alerts(user: Any, account_id: int) -> Sequence[Alert]:
    """Those of an account that wait for somebody, the gravest and newest first."""
    found = visible_alerts(user).filter(account=account_id, state__in=OPEN)
    return sorted(found, key=lambda alert: OPEN.index(AlertState(alert.state)))
