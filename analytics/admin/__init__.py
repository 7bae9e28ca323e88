"""Requests, for staff."""

from analytics.admin import audit_log, prunings, records

__all__ = ["audit_log", "prunings", "records"]
