"""Accounts, keys, limits and the books, for staff."""

from budgets.admin import accounts, billing, books, costs, credits, keys, limits, members, reconciling, shares

__all__ = ["accounts", "billing", "books", "costs", "credits", "keys", "limits", "members", "reconciling", "shares"]
