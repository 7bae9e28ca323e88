"""The budgets' background work. Each task is repeatable: a wake-up that is lost or doubled changes nothing."""

from celery import shared_task
from django.conf import settings

from budgets.shares.rebalancing import rebalance


@shared_task
def rebalance_shares() -> int:
    """Bring free room of limits that are dealt out to where it is used. Returns how many transfers that took."""
    return rebalance() if settings.PLACES else 0
