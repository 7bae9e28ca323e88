"""Accounts, keys, limits, alerts and the books, for staff."""

from budgets.admin import accounts, alert_channels, alerts, books, keys, limits

__all__ = ["accounts", "alert_channels", "alerts", "books", "keys", "limits"]
