"""Background work of the budgets. What is to be done stands in the database; a task only wakes it up."""

from celery import shared_task
from django.utils import timezone

from budgets.alerts import outbox, watching
from budgets.forecasting import hours, telling


@shared_task
def check_alerts() -> None:
    """Look which limits and own spends have passed a mark."""
    watching.check()


@shared_task
def send_alerts() -> None:
    """Send what is due to be told, what a stopped process left among it."""
    outbox.send_due()


@shared_task
def forget_deliveries() -> None:
    """Keep the delivery log for as long as it is of use."""
    outbox.forget_old(timezone.now())


@shared_task
def roll_up_hours() -> None:
    """Add to the hourly spend what the ledger has new."""
    hours.roll_up()


@shared_task
def forecast() -> int:
    """Forecast every limit anew, and tell of those that will be reached. Returns how many were told."""
    return telling.refresh_and_tell(timezone.now())
