"""The daily threshold of a user's preferences, among what alerts look at."""

from collections.abc import Iterable

from autorouter.models import Preferences
from budgets.alerts import spending
from budgets.alerts.spending import Threshold


@spending.source
def of_preferences() -> Iterable[Threshold]:
    """Those of everybody who has one."""
    wanted = Preferences.objects.filter(daily_alert_usd__gt=0, user__is_active=True)
    return spending.daily({each.user_id: each.daily_alert_usd for each in wanted if each.daily_alert_usd is not None})
