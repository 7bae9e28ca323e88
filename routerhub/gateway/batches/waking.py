"""Workers are woken when there is something to do."""

from functools import partial

from routerhub import waking

TASK = "routerhub.gateway.batches.tasks.work_batches"
wake = partial(waking.wake, TASK)
