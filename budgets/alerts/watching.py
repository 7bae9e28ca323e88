"""Looks for what is to be told, outside every request: what passed a mark since the last look, however long ago that was."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from budgets.alerts import limits, spending
from budgets.models import AlertCheck


def check(now: datetime | None = None) -> int | None:
    """Look once. Returns how many alerts were raised; None where another process is looking."""
    moment = now or timezone.now()
    AlertCheck.objects.get_or_create(pk=1, defaults={"checked_until": moment})
    with transaction.atomic():
        last = AlertCheck.objects.select_for_update(skip_locked=True).first()
        if last is None:
            return None
        told = limits.check(last.checked_until) + spending.check(last.checked_until, moment)
        last.checked_until = moment
        last.save()
    return told
