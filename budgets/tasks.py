"""Budgets' background work. Each task is repeatable: a wake-up that is lost or doubled changes nothing."""

from celery import shared_task

from budgets.sweeping import sweep


@shared_task
def sweep_holds() -> int:
    """Settle the holds of processes that died."""
    return sweep()
