"""Requests and pages of figures, for staff."""

from analytics.admin import composed, dashboards, records

__all__ = ["composed", "dashboards", "records"]
