"""Requests, for staff."""

from analytics.admin import audit_log, records

__all__ = ["audit_log", "records"]
