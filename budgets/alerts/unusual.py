"""What was found unusual in a stretch of time, for whoever marks it on a chart."""

from collections.abc import Collection, Sequence
from datetime import datetime

from budgets.alerts.types import Unusual
from budgets.choices import AlertKind
from budgets.models import Alert

MAX_SHOWN = 100


def unusual(since: datetime, until: datetime, accounts: Collection[int] | None) -> Sequence[Unusual]:
    """The anomalies of these accounts, or of all and of the site; the oldest first."""
    found = Alert.objects.filter(kind=AlertKind.ANOMALY, found_at__gte=since, found_at__lt=until)
    if accounts is not None:
        found = found.filter(account__in=accounts)
    rows = found.order_by("found_at").values_list("title", "found_at")[:MAX_SHOWN]
    return [Unusual(title=title, found_at=found_at) for title, found_at in rows]
