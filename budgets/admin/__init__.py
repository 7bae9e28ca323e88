"""Accounts, keys, limits, alerts and the books, for staff."""

from budgets.admin import (
    accounts,
    alert_channels,
    alerts,
    billing,
    books,
    costs,
    credits,
    keys,
    limits,
    members,
    reconciling,
    shares,
)  # fmt: skip

__all__ = [
    "accounts", "alert_channels", "alerts", "billing", "books", "costs", "credits", "keys", "limits", "members", "reconciling",
    "shares",
]  # fmt: skip
