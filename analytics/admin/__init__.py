"""Requests, for staff."""

from analytics.admin import prunings, records

__all__ = ["prunings", "records"]
