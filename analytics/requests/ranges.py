"""From when until when: as it was said, in the reader's zone, to moments. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)
WRONG = "{given!r} is no day or time: write one like 2026-11-01 or 2026-11-01T12:00:00+01:00."


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """From `since` until before `until`; None: without an end on that side."""

    since: datetime | None = None
    until: datetime | None = None


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _last(length: timedelta) -> Callable[[datetime], Range]:
    """From a whole quarter of an hour on, so that figures are kept of just that."""
    return lambda now: Range(since=now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) - length)


def _day(ago: int) -> Callable[[datetime], Range]:
    def of(now: datetime) -> Range:
        first = now.date() - timedelta(days=ago)
        return Range(since=_here(first, now), until=_here(first + timedelta(days=1), now))

    return of


def _month(now: datetime) -> Range:
    return Range(since=_here(now.date().replace(day=1), now))


def _here(day: date, now: datetime) -> datetime:
    return datetime.combine(day, time(), now.tzinfo)


PRESETS: Mapping[str, tuple[str, Callable[[datetime], Range]]] = {
    "1h": ("last hour", _last(timedelta(hours=1))),
    "24h": ("last 24 hours", _last(timedelta(hours=24))),
    "7d": ("last 7 days", _last(timedelta(days=7))),
    "30d": ("last 30 days", _last(timedelta(days=30))),
    "90d": ("last 90 days", _last(timedelta(days=90))),
    "today": ("today", _day(0)),
    "yesterday": ("yesterday", _day(1)),
    "month": ("this month", _month),
    "all": ("all that is kept", lambda _now: Range()),
}
"""By the word in an address: what it is called, and what it means at a moment in the reader's zone."""


def preset(name: str, now: datetime, zone: ZoneInfo) -> Range:
    return PRESETS[name][1](now.astimezone(zone))


def first_moment(given: str, zone: ZoneInfo) -> datetime:
    """When something that was given begins: a day at midnight there. Raises ValueError."""
    return _moment(given, zone, 0)


def end_moment(given: str, zone: ZoneInfo) -> datetime:
    """Until before when it goes: a day is in it. Raises ValueError."""
    return _moment(given, zone, 1)


def _moment(given: str, zone: ZoneInfo, days: int) -> datetime:
    try:
        if len(given) == len("2026-11-01"):
            return midnight(date.fromisoformat(given) + timedelta(days=days), zone)
        found = datetime.fromisoformat(given.replace(" ", "+"))
    except (ValueError, OverflowError) as problem:
        raise ValueError(WRONG.format(given=given[:50])) from problem
    return found if found.tzinfo else found.replace(tzinfo=zone)
