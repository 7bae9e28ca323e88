"""Months as an account counts them: from midnight to midnight where it is."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from budgets.models import Account

UTC = "UTC"


def zone_of(account: Account | None) -> ZoneInfo:
    """Whose days and months an account has; UTC for the site."""
    return ZoneInfo(account.timezone if account else UTC)


def month_of(moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment of the month that a moment lies in, and the first of the next one."""
    first = moment.astimezone(zone).date().replace(day=1)
    return midnight(first, zone), midnight(next_month(first), zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins there."""
    return datetime.combine(day, time(), zone)


def next_month(first: date) -> date:
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
