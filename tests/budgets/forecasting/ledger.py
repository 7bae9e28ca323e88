"""Ledger entries put straight into the table, charged to counters."""

import uuid
from datetime import datetime
from typing import Any

from django.db import connection

from budgets.models import Counter, LedgerEntry, Limit


def counter_of(limit: Limit, moment: datetime) -> Counter:
    """The limit's counter of that moment's period."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT open_counters(%s, %s, %s)", [[limit.pk], [""], moment])
    found = limit.counters.first()
    assert found is not None
    return found


def entry(counter: Counter, moment: datetime, amount: int, **changes: Any) -> LedgerEntry:
    values: dict[str, Any] = {
        "operation_id": uuid.uuid4(), "hop": 0, "kind": "charge", "account_id": 1, "amount_nano": amount, "tokens": 5,
        "counters": [counter.pk], "outcome": "success", "settled_at": moment,
    }  # fmt: skip
    made: LedgerEntry = LedgerEntry.objects.create(**{**values, **changes})
    Counter.objects.filter(pk=counter.pk).update(spent=counter.spent + amount)
    counter.refresh_from_db()
    return made
