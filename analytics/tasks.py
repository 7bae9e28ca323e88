"""Analytics' background work. Each task is repeatable: a wake-up that is lost or doubled changes nothing."""

from celery import shared_task
from django.db import connection
from django.utils.timezone import now

from analytics.anomalies import telling
from analytics.exports import jobs
from analytics.measuring import facts
from analytics.windows import rolling
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
def find_anomalies() -> int:
    """Tell of what is unusual in the last whole hour. Returns how many were told now."""
    return telling.look_and_tell(now())


@shared_task(base=AcrossAccounts)
def roll_up() -> int:
    """Count what was written since the last time. Returns how many quarters of an hour of accounts were counted anew."""
    return rolling.roll_up()


@shared_task(base=AcrossAccounts)
def work_exports() -> int:
    """Write the exports that wait. Returns how many."""
    return jobs.work_all()


@shared_task(base=AcrossAccounts)
def forget_exports() -> int:
    """Delete the files of exports that are kept no longer. Returns how many."""
    return jobs.forget_expired()
