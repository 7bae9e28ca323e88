"""Background work on batches. What is to be done stands in the database; a task only wakes it up."""

import asyncio
import threading
from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down
from django.conf import settings

from routerhub.batches.rows import is_any_waiting
from routerhub.gateway.batches.waking import TASK, wake
from routerhub.gateway.batches.working import Pace, Worker
from routerhub.gateway.runtime import open_runtime
from routerhub.tenancy.tasks import AcrossAccounts

TURN_S = 300.0
"""So long it works without a break: other tasks want their turn, and settings may have changed."""


_stopping = threading.Event()


@worker_shutting_down.connect
def stop(**_: Any) -> None:
    """Leave the rest to the next worker, rather than be killed in the middle of it."""
    _stopping.set()


@shared_task(name=TASK, base=AcrossAccounts)
def work_batches() -> None:
    """Validate, ask and finish the batches that wait, those that a stopped process left among them."""
    if is_any_waiting() and asyncio.run(_work()) and not _stopping.is_set():
        wake()


async def _work() -> bool:
    runtime = await open_runtime()
    try:
        pace = Pace(concurrency=settings.BATCH_CONCURRENCY, lease_s=settings.BATCH_LEASE_S)
        return await Worker(runtime, pace, _stopping.is_set).work(TURN_S)
    finally:
        await runtime.close()
