"""Limits made, and the ledger's tables read back."""

from typing import Any

from asgiref.sync import sync_to_async

from budgets.models import Counter, Limit


def limit(scope: str, amount: int, measure: str = "money", period: str = "month", **more: Any) -> Limit:
    kind, _, subject = scope.partition(":")
    return Limit.objects.create(kind=kind, subject=subject, measure=measure, period=period, amount=amount, **more)


new_limit = sync_to_async(limit)


def counted(limit: Limit) -> tuple[int, int]:
    """What the limit's newest counter has spent and reserved."""
    counter = Counter.objects.filter(limit=limit).first()
    return (counter.spent, counter.reserved) if counter else (0, 0)


books = sync_to_async(counted)
