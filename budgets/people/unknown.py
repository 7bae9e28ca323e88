"""Calls of nobody who is known. They have no record, which would be nobody's: they are counted by reason, and logged with their
address."""

import logging

from routerhub.metrics.kinds import counter

logger = logging.getLogger(__name__)
UNAUTHENTICATED = counter(
    "routerhub_unauthenticated_requests", "Calls without a key that opens anything, by why it does not.", "reason"
)


def note(reason: str, path: str, ip: str | None) -> None:
    """`reason` is one of the code's own words."""
    UNAUTHENTICATED.labels(reason).inc()
    logger.info("action=refuse_caller path=%s reason=%s ip=%s", path, reason, ip)
