"""Workers are woken when there is something to do."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)
TASK = "routerhub.gateway.batches.tasks.work_batches"


def wake() -> None:
    """Have the work done now. When the broker is away, the next beat does it."""
    try:
        current_app.send_task(TASK, retry=False)
    except OperationalError as problem:
        logger.warning("action=wake_batches problem=%s", problem)
