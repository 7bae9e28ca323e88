"""A round of learning success begun in the background, since it may take minutes."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)
STARTED = "Success is being learned from outcomes. It may take some minutes; the round is listed when it is done."


def learn_success() -> None:
    """When the broker is away, the next beat does it."""

    def send() -> None:
        try:
            current_app.send_task("experiments.tasks.learn_success", retry=False)
        except OperationalError as problem:
            logger.warning("action=learn_success problem=%s", problem)

    transaction.on_commit(send)
