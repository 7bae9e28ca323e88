"""Analytics' background work. Each task is repeatable: a wake-up that is lost or doubled changes nothing."""

from celery import shared_task
from django.conf import settings
from django.utils.timezone import now

from analytics.anomalies import telling
from analytics.measuring import facts
from analytics.records import pruning, weeks
from analytics.windows import rolling
from routerhub.tenancy.tasks import AcrossAccounts


@shared_task(base=AcrossAccounts)
def extend_partitions() -> int:
    """Make the partitions of the weeks ahead, and tell of rows that had none. Returns how many were missing."""
    return weeks.extend_all(now())


@shared_task(base=AcrossAccounts)
def prune() -> int:
    """Let go of what is older than it is kept for. Returns how many partitions and tables that took rows from."""
    return len(pruning.prune(now(), "every day"))


@shared_task(base=AcrossAccounts)
def measure() -> int:
    """Measure how models did lately, or forget it where that is not to be tracked. Returns how many were measured."""
    return facts.refresh() if settings.ANALYTICS_PERFORMANCE_TRACKING else facts.forget()


@shared_task(base=AcrossAccounts)
def find_anomalies() -> int:
    """Tell of what is unusual in the last whole hour. Returns how many were told now."""
    return telling.look_and_tell(now())


@shared_task(base=AcrossAccounts)
def roll_up() -> int:
    """Count what was written since the last time. Returns how many quarters of an hour of accounts were counted anew."""
    return rolling.roll_up()
