"""Accounts, keys, limits and the books, for staff."""

from budgets.admin import accounts, books, keys, limits, members

__all__ = ["accounts", "books", "keys", "limits", "members"]
