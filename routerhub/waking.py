"""Workers are woken when there is something to do. The broker carries wake-ups, never facts."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def wake(task: str) -> None:
    """Have a task, given by its name, begun now. When the broker is away, the next beat does it."""
    try:
        current_app.send_task(task, retry=False)
    except OperationalError as problem:
        logger.warning("action=wake task=%s problem=%s", task, problem)
