"""Whether every counter is the sum of its entries and of its holds: looked at, told, and repaired where somebody asks for it."""

import time
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from budgets.books.sweeping import differences
from budgets.models import Counter, Reconciliation
from routerhub.audit.change import Change

LOCK = "SELECT id FROM budgets_counter WHERE id = ANY (%s) ORDER BY id FOR NO KEY UPDATE"
REPAIR = (
    "UPDATE budgets_counter SET spent = %(spent_in_ledger)s, reserved = %(reserved_in_holds)s WHERE id = %(counter)s"
)
Difference = dict[str, Any]


def reconcile(change: Change, repair: bool = False) -> Reconciliation:
    """Compare every counter with the ledger and the holds, and keep the result. To `repair` sets those that differ to what the
    ledger says: the entries are the truth, and counters are derived from them."""
    began_at, began = timezone.now(), time.monotonic()
    with transaction.atomic():
        found = _repaired(differences()) if repair else differences()
        return Reconciliation.objects.create(
            began_at=began_at, took_ms=round(1_000 * (time.monotonic() - began)), counters=Counter.objects.count(),
            differences=_told(found), is_repair=repair and bool(found), author_id=change.author_id,
            author=change.author.get_username() if change.author else "", address=change.address, reason=change.reason,
        )  # fmt: skip


def last() -> Reconciliation | None:
    return Reconciliation.objects.first()


def _repaired(found: list[Difference]) -> list[Difference]:
    """Nobody writes these counters meanwhile: they are locked, in the order that everybody keeps, and looked at once more."""
    ids = [each["counter"] for each in found]
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [ids])
        again = differences(ids) if ids else []
        for each in again:
            cursor.execute(REPAIR, each)
    return again


def _told(found: list[Difference]) -> list[Difference]:
    """With the limit and the period that each is of."""
    counters = Counter.objects.select_related("limit").in_bulk([each["counter"] for each in found])
    return [
        {
            **each, "limit": str(row.limit), "limit_id": row.limit_id, "measure": row.measure,
            "period_start": row.period_start.isoformat(),
        }
        for each in found
        if (row := counters.get(each["counter"]))
    ]  # fmt: skip
