"""Requests, for staff."""

from analytics.admin import opportunities, records, targets

__all__ = ["opportunities", "records", "targets"]
