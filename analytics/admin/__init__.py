"""Requests and pages of figures, for staff."""

from analytics.admin import (
    audit_log,
    bodies,
    composed,
    dashboards,
    feedback,
    opportunities,
    prunings,
    records,
    selections,
    targets,
    usage_panels,
    views,
)

__all__ = [
    "audit_log",
    "bodies",
    "composed",
    "dashboards",
    "feedback",
    "opportunities",
    "prunings",
    "records",
    "selections",
    "targets",
    "usage_panels",
    "views",
]
