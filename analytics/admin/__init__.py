"""Requests, for staff."""

from analytics.admin import records, selections

__all__ = ["records", "selections"]
