"""Closing months: each account's ended months become billing records, oldest first, numbered without a gap."""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, Max, Min, OuterRef, QuerySet, Sum
from django.utils import timezone

from budgets.books.months import month_of, zone_of
from budgets.models import Account, BilledEntry, BillingRecord, LedgerEntry
from routerhub.audit.change import Change

GRACE = timedelta(hours=2)
"""So long after its end a month is closed by itself: what is under way at midnight has settled by then."""
BY_ITSELF = Change(reason="the month is over")
CLOSE = "SELECT close_billing(%s, %s, %s, %s, %s, %s, %s)"


def close_all(change: Change = BY_ITSELF, ended_by: datetime | None = None) -> list[BillingRecord]:
    """Close the months of every account that ended by a moment (two hours ago, where none is given)."""
    until = ended_by or timezone.now() - GRACE
    return [record for account in Account.objects.order_by("pk") for record in close(account, change, until)]


@transaction.atomic
def close(account: Account, change: Change, ended_by: datetime | None = None) -> list[BillingRecord]:
    """Close the account's months that ended by a moment (now), where anything belongs on a record. To close again makes no
    second record: what came meanwhile waits for the next month's."""
    Account.objects.select_for_update().get(pk=account.pk)
    until, zone = ended_by or timezone.now(), zone_of(account)
    made: list[int] = []
    while (month := _next_month(account, until)) is not None:
        with connection.cursor() as cursor:
            author = change.author.get_username() if change.author else ""
            cursor.execute(CLOSE, [account.pk, *month, zone.key, change.author_id, author, change.reason])
            made.append(cursor.fetchone()[0])
    return list(BillingRecord.objects.filter(pk__in=made).order_by("number"))


def _next_month(account: Account, until: datetime) -> tuple[datetime, datetime] | None:
    """The account's first month after its last record that has something to bill and ended by then. Where the account moved to
    another time zone in between, it begins where the record ended."""
    first = unbilled(account.pk).aggregate(first=Min("incurred_at"))["first"]
    if first is None:
        return None
    last = BillingRecord.objects.filter(account_id=account.pk).aggregate(last=Max("period_end"))["last"]
    start, end = month_of(max(first, last) if last else first, zone_of(account))
    return (max(start, last) if last else start, end) if end <= until else None


def unbilled(account_id: int) -> QuerySet[LedgerEntry]:
    """What stands on no billing record yet; without what the sandbox made up, which never will."""
    billed = BilledEntry.objects.filter(entry_id=OuterRef("pk"))
    return LedgerEntry.objects.filter(~Exists(billed), account_id=account_id, is_sandbox=False)


def open_nano(account_id: int) -> int:
    """What the account owes beyond its billing records."""
    return int(unbilled(account_id).aggregate(sum=Sum("amount_nano", default=0))["sum"])
