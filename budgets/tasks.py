"""Background work of the budgets. What is to be done stands in the database; a task only wakes it up."""

from celery import shared_task

from budgets.alerts import outbox, watching


@shared_task
def check_alerts() -> None:
    """Look which limits and own spends have passed a mark."""
    watching.check()


@shared_task
def send_alerts() -> None:
    """Send what is due to be told, what a stopped process left among it."""
    outbox.send_due()
