"""Accounts, keys, limits and the books, for staff."""

from budgets.admin import accounts, books, keys, limits, shares

__all__ = ["accounts", "books", "keys", "limits", "shares"]
