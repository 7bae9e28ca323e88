"""How long what was said is kept: as long as the site says, or its account where that is shorter."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from analytics.models import Body
from budgets.people import privacy

SLICE = 1_000
"""Rows that are deleted in one statement, so that no lock is long."""


def drop_before(moment: datetime, accounts: Q = Q()) -> int:  # noqa: B008 - it is never changed
    """Delete what was said before a moment, by all accounts or by these. Returns of how many requests."""
    old, count = Body.objects.filter(accounts, created_at__lt=moment).order_by("created_at"), 0
    while ids := list(old.values_list("pk", flat=True)[:SLICE]):
        count += Body.objects.filter(pk__in=ids).delete()[0]
    return count


def forget_old(now: datetime) -> int:
    """Delete what is kept no longer. Returns of how many requests."""
    count = drop_before(now - timedelta(days=settings.ANALYTICS_BODY_RETENTION_DAYS))
    for account_id, days in privacy.shorter_retentions(settings.ANALYTICS_BODY_RETENTION_DAYS).items():
        count += drop_before(now - timedelta(days=days), Q(account_id=account_id))
    return count


def is_over(body: Body, now: datetime) -> bool:
    """Whether it is kept no longer, and only waits to be deleted."""
    site = settings.ANALYTICS_BODY_RETENTION_DAYS
    return body.created_at < now - timedelta(days=privacy.shorter_retentions(site).get(body.account_id, site))
