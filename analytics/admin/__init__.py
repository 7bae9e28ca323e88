"""Requests, for staff."""

from analytics.admin import records, views

__all__ = ["records", "views"]
