"""Requests, for staff."""

from analytics.admin import audit_log, bodies, records

__all__ = ["audit_log", "bodies", "records"]
