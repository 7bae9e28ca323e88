"""Requests, for staff."""

from analytics.admin import audit_log, bodies, opportunities, prunings, records, targets, views

__all__ = ["audit_log", "bodies", "opportunities", "prunings", "records", "targets", "views"]
