"""Spend by the hour: rolled up from the ledger, and read back as one amount for each hour."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet, Sum

from budgets.choices import Measure, ScopeKind
from budgets.forecasting.season import HOUR
from budgets.models import AccountHour, Limit, LimitHour

HISTORY = timedelta(days=91)
"""What a forecast looks back on: three ends of a month."""
KEPT = HISTORY + timedelta(days=7)
MAX_IDS = 50_000
"""Of the ledger in one transaction."""
COLUMNS = {Measure.MONEY: "amount_nano", Measure.TOKENS: "tokens", Measure.REQUESTS: "requests"}


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """One amount for each whole hour from `start` until the running one, in the limit's measure; none where nothing was spent."""

    start: datetime
    hours: list[int]


def roll_up() -> bool:
    """Add to the hours what the ledger has new, and forget hours that nobody looks back on. Returns whether there was anything.

    Repeatable at any time: each entry is added once. What a transaction that is still open may write waits for the next time."""
    found = _add()
    _call("SELECT mark_hours()")
    found = _add() or found
    for table in (LimitHour, AccountHour):
        table._default_manager.filter(hour__lt=datetime.now(UTC) - KEPT).delete()
    return found


def history(limit: Limit, moment: datetime) -> History:
    """What the limit would have counted before `moment`: of an account and of the site also what came before the limit did."""
    running = moment.replace(minute=0, second=0, microsecond=0)
    rows = _rows(limit).filter(hour__gte=running - HISTORY, hour__lt=running)
    amounts = dict(rows.values_list("hour").annotate(Sum(COLUMNS[Measure(limit.measure)])).order_by("hour"))
    start = min(amounts, default=running)
    return History(
        start=start, hours=[amounts.get(start + step * HOUR, 0) for step in range((running - start) // HOUR)]
    )


def spent_since(account_id: int, start: datetime) -> int:
    """Nano-dollars of an account from the beginning of an hour on, the running one with them as far as it is rolled up."""
    rows = AccountHour.objects.filter(account_id=account_id, hour__gte=start)
    return int(rows.aggregate(spent=Sum("amount_nano", default=0))["spent"])


def _rows(limit: Limit) -> QuerySet[AccountHour] | QuerySet[LimitHour]:
    if limit.kind == ScopeKind.SITE:
        return AccountHour.objects.all()
    if limit.kind == ScopeKind.ACCOUNT:
        return AccountHour.objects.filter(account_id=int(limit.subject))
    return LimitHour.objects.filter(limit=limit)


def _add() -> bool:
    found = False
    while _call("SELECT add_hours(%s)", MAX_IDS):
        found = True
    return found


def _call(query: str, *arguments: int) -> bool:
    """In a transaction of its own: see sql/hours.sql."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(query, arguments)
        return bool(cursor.fetchone()[0])
