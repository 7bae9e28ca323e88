"""Requests, for staff."""

from analytics.admin import audit_log, bodies, prunings, records

__all__ = ["audit_log", "bodies", "prunings", "records"]
