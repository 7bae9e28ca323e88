"""Requests, for staff."""

from analytics.admin import feedback, records, selections

__all__ = ["feedback", "records", "selections"]
