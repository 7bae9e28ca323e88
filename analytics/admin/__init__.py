"""Requests, for staff."""

from analytics.admin import records

__all__ = ["records"]
