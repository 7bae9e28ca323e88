"""Analytics' background work. Each task is repeatable: a wake-up that is lost or doubled changes nothing."""

from celery import shared_task
from django.db import connection
from django.utils.timezone import now

from analytics.anomalies import telling
from analytics.measuring import facts
from analytics.selections import keeping
from routerhub.tenancy.tasks import AcrossAccounts

MONTHS_AHEAD = 2


@shared_task
def extend_partitions() -> int:
    """Make the partitions of the months ahead. Returns how many were missing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extend_record_partitions(%s)", [MONTHS_AHEAD])
        return int(cursor.fetchone()[0])


@shared_task(base=AcrossAccounts)
def measure() -> int:
    """Measure how models did lately. Returns how many were."""
    return facts.refresh()


@shared_task(base=AcrossAccounts)
def forget_selections() -> int:
    """Forget selections that are older than they are kept. Returns how many."""
    return keeping.forget()


@shared_task(base=AcrossAccounts)
def find_anomalies() -> int:
    """Tell of what is unusual in the last whole hour. Returns how many were told now."""
    return telling.look_and_tell(now())
