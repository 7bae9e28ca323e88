"""Accounts, keys, limits, alerts and forecasts; and the ledger's tables, which only the functions in budgets/sql/ write."""

from budgets.models.accounts import Account, Membership
from budgets.models.alerts import Alert, AlertChannel, AlertCheck, AlertRule, Delivery, DeliveryTry
from budgets.models.forecasting import AccountHour, LimitForecast, LimitHour
from budgets.models.invitations import Invitation
from budgets.models.keys import ApiKey, KeyUse, default_permissions
from budgets.models.ledger import Hold, LedgerEntry, Slot
from budgets.models.limits import Counter, Limit

__all__ = [
    "Account", "AccountHour", "Alert", "AlertChannel", "AlertCheck", "AlertRule", "ApiKey", "Counter", "Delivery",
    "DeliveryTry", "Hold", "Invitation", "KeyUse", "LedgerEntry", "Limit", "LimitForecast", "LimitHour", "Membership", "Slot",
    "default_permissions",
]  # fmt: skip
