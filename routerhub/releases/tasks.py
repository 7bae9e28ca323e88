"""Background work of the releases."""

from celery import shared_task

from routerhub.releases import switch_history


@shared_task
def enter_switches() -> None:
    """Enter in the history what was turned without the database."""
    switch_history.enter()
