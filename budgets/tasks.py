"""The budgets' background work. Each task is repeatable: a wake-up that is lost or doubled changes nothing."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from budgets.alerts import outbox, watching
from budgets.books import billing, reconciling
from budgets.forecasting import hours, telling
from budgets.shares.rebalancing import rebalance
from routerhub.audit.change import Change
from routerhub.tenancy.tasks import AcrossAccounts

EVERY_DAY = Change(reason="every day")


@shared_task(base=AcrossAccounts)
def close_months() -> int:
    """Close the months that are over. Returns how many billing records were made."""
    return len(billing.close_all())


@shared_task(base=AcrossAccounts)
def reconcile() -> int:
    """Compare the counters with the ledger. Returns how many differ."""
    return len(reconciling.reconcile(EVERY_DAY).differences)


@shared_task(base=AcrossAccounts)
def rebalance_shares() -> int:
    """Bring free room of limits that are dealt out to where it is used. Returns how many transfers that took."""
    return rebalance() if settings.PLACES else 0


@shared_task(base=AcrossAccounts)
def check_alerts() -> None:
    """Look which limits and own spends have passed a mark."""
    watching.check()


@shared_task(base=AcrossAccounts)
def send_alerts() -> None:
    """Send what is due to be told, what a stopped process left among it."""
    outbox.send_due()


@shared_task(base=AcrossAccounts)
def forget_deliveries() -> None:
    """Keep the delivery log for as long as it is of use."""
    outbox.forget_old(timezone.now())


@shared_task(base=AcrossAccounts)
def roll_up_hours() -> None:
    """Add to the hourly spend what the ledger has new."""
    hours.roll_up()


@shared_task(base=AcrossAccounts)
def forecast() -> int:
    """Forecast every limit anew, and tell of those that will be reached. Returns how many were told."""
    return telling.refresh_and_tell(timezone.now())
