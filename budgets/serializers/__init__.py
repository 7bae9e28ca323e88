"""Accounts, keys, limits and the books as JSON in the REST API."""
