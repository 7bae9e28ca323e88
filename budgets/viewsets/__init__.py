"""Accounts, keys, limits and the books in the REST API."""
