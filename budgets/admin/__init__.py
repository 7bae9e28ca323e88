"""Accounts, keys, limits, forecasts and the books, for staff."""

from budgets.admin import accounts, books, forecasts, keys, limits

__all__ = ["accounts", "books", "forecasts", "keys", "limits"]
