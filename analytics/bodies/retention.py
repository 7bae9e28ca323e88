"""How long what was said is kept: as long as the site says, or its account where that is shorter.

What is older than the site says goes with all else that is pruned (analytics.records); here is what goes for an account before.
"""

from datetime import datetime, timedelta

from django.conf import settings

from analytics.models import Body
from budgets.people.legal_holds import accounts_held
from budgets.people.privacy import shorter_retentions

SLICE = 1_000
"""Rows that are deleted in one statement, so that no lock is long."""


def forget_old(now: datetime) -> int:
    """Delete what its account does not want kept any longer, unless it is under legal hold. Returns of how many requests."""
    days, held = shorter_retentions(settings.ANALYTICS_BODY_RETENTION_DAYS), set(accounts_held())
    return sum(
        _drop_before(now - timedelta(days=each), account) for account, each in days.items() if account not in held
    )


def _drop_before(moment: datetime, account_id: int) -> int:
    old, count = Body.objects.filter(account_id=account_id, created_at__lt=moment), 0
    while ids := list(old.values_list("pk", flat=True)[:SLICE]):
        count += Body.objects.filter(pk__in=ids).delete()[0]
    return count


def is_over(body: Body, now: datetime) -> bool:
    """Whether it is kept no longer, and only waits to be deleted."""
    site = settings.ANALYTICS_BODY_RETENTION_DAYS
    return body.created_at < now - timedelta(days=shorter_retentions(site).get(body.account_id, site))
