"""Closing months: each account's ended months become billing records, oldest first, numbered without a gap."""

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, Max, Min, OuterRef, QuerySet, Sum
from django.utils import timezone

from budgets.books.months import month_of, zone_of
from budgets.models import Account, BilledEntry, BillingRecord, LedgerEntry
from routerhub.audit.change import Change

GRACE = timedelta(hours=2)
"""So long after its end a month is closed by itself: what is under way at midnight has settled by then."""
BY_ITSELF = Change(reason="the month is over")
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
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
    """The account's first month after its last record that has entries of its own and ended by then: what is late waits for
    it. Where the account moved to another time zone in between, it begins where the record ended."""
    last = BillingRecord.objects.filter(account_id=account.pk).aggregate(last=Max("period_end"))["last"] or LONG_AGO
    after = LedgerEntry.objects.filter(account_id=account.pk, is_sandbox=False, incurred_at__gte=last)
    first = after.aggregate(first=Min("incurred_at"))["first"]
    if first is None:
        return None
    start, end = month_of(first, zone_of(account))
    return (max(start, last), end) if end <= until else None


def of_account(account: Account) -> QuerySet[BillingRecord]:
    """An account's billing records, the newest first."""
    return BillingRecord.objects.filter(account_id=account.pk).order_by("-number")


def open_nano() -> dict[int, int]:
    """What each account owes beyond its billing records, by id; without what the sandbox made up, which is never billed."""
    billed = BilledEntry.objects.filter(entry_id=OuterRef("pk"))
    unbilled = LedgerEntry.objects.filter(~Exists(billed), is_sandbox=False).order_by()
    return dict(unbilled.values_list("account_id").annotate(Sum("amount_nano")))
