"""Who sends is woken when there is something to send."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)
TASK = "budgets.tasks.send_alerts"


def wake() -> None:
    """Have it sent now. When the broker is away, the next beat does it."""
    try:
        current_app.send_task(TASK, retry=False)
    except OperationalError as problem:
        logger.warning("action=wake_alerts problem=%s", problem)
