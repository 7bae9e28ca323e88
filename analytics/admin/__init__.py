"""Requests and pages of figures, for staff."""

from analytics.admin import composed, dashboards, opportunities, records, targets, views

__all__ = ["composed", "dashboards", "opportunities", "records", "targets", "views"]
