"""Requests and pages of figures, for staff."""

from analytics.admin import dashboards, records

__all__ = ["dashboards", "records"]
