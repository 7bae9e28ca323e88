"""Who sends is woken when there is something to send."""

from functools import partial

from routerhub import waking

wake = partial(waking.wake, "budgets.tasks.send_alerts")
