"""Accounts, keys, limits, alerts, forecasts and the books, for staff."""

from budgets.admin import accounts, alert_channels, alerts, books, forecasts, keys, limits

__all__ = ["accounts", "alert_channels", "alerts", "books", "forecasts", "keys", "limits"]
