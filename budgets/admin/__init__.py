"""Accounts, keys, limits, forecasts, alerts and the books, for staff."""

from budgets.admin import (
    accounts,
    alert_channels,
    alerts,
    billing,
    books,
    costs,
    credits,
    forecasts,
    keys,
    limits,
    members,
    reconciling,
    shares,
)

__all__ = [
    "accounts",
    "alert_channels",
    "alerts",
    "billing",
    "books",
    "costs",
    "credits",
    "forecasts",
    "keys",
    "limits",
    "members",
    "reconciling",
    "shares",
]
