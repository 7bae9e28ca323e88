"""When the time began over which an alert on one's own spend adds up. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

ROLLING = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
LONGER = {"day": timedelta(hours=36), "week": timedelta(days=7, hours=12), "month": timedelta(days=31, hours=12)}
"""From its start on, a moment in the next one."""
NO_PERIOD = datetime(1970, 1, 1, tzinfo=UTC)
"""As a period's start, of what has no periods."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A time over which spend adds up, and what tells its alert from others."""

    start: datetime
    end: datetime | None
    """None: it goes on."""
    period_start: datetime


def spans(window: str, since: datetime, now: datetime, zone: ZoneInfo) -> Iterator[Span]:
    """Those that ran since then, the one that runs now last. A rolling window has no periods: it is told again when it was well
    between."""
    if window in ROLLING:
        yield Span(start=now - ROLLING[window], end=None, period_start=NO_PERIOD)
        return
    start, running = start_of(window, since, zone), start_of(window, now, zone)
    while start < running:
        # No period is longer than 31 days, and no midnight is moved by more than some hours.
        end = start_of(window, start + LONGER[window], zone)
        yield Span(start=start, end=end, period_start=start)
        start = end
    yield Span(start=running, end=None, period_start=running)


def start_of(window: str, moment: datetime, zone: ZoneInfo) -> datetime:
    """When a calendar window began: at midnight of the zone's day, of its Monday or of the first of its month."""
    today = moment.astimezone(zone).date()
    first = {"day": today, "week": today - timedelta(days=today.weekday()), "month": today.replace(day=1)}[window]
    return datetime.combine(first, time.min, zone).astimezone(UTC)
