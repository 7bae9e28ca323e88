"""Requests, for staff."""

from analytics.admin import opportunities, records, targets, views

__all__ = ["opportunities", "records", "targets", "views"]
