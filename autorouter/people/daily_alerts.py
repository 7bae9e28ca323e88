"""The daily threshold of preferences, among what alerts look at: of each user and of each account that of the active set."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from autorouter.models import Preferences
from budgets.alerts import spending
from budgets.alerts.spending import Threshold


@spending.source
def of_users() -> Iterable[Threshold]:
    """Of what a user spends a day, in all accounts."""
    return spending.daily(_wanted("user_id", user__is_active=True))


@spending.source
def of_accounts() -> Iterable[Threshold]:
    """Of what a whole account spends a day."""
    return spending.daily_of_accounts(_wanted("account_id", account__is_active=True))


def _wanted(owner: str, **filters: bool) -> Mapping[int, Decimal]:
    wanted = Preferences.objects.filter(daily_alert_usd__gt=0, is_active=True, **filters)
    return dict(wanted.values_list(owner, "daily_alert_usd"))
