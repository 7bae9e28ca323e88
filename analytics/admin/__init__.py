"""Requests and pages of figures, for staff."""

from analytics.admin import audit_log, bodies, composed, dashboards, opportunities, prunings, records, targets, views

__all__ = ["audit_log", "bodies", "composed", "dashboards", "opportunities", "prunings", "records", "targets", "views"]
