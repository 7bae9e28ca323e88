"""Ranges by name, as buttons offer them, and as dates. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from analytics.dashboards.types import View
from analytics.windows.steps import floor
from budgets.formats import day

GRAIN = timedelta(minutes=15)
"""What figures are kept of."""
USUAL = "28d"
MAX_DAYS = 1_100
"""A range spans at most three years."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    word: str
    begins: Callable[[datetime], datetime]
    """On the clock of the reader's zone."""
    ends: Callable[[datetime], datetime] | None = None
    """None: now."""


def _days(count: int) -> Callable[[datetime], datetime]:
    """From the midnight before so many days, today among them."""
    return lambda now: floor(now, "day") - timedelta(days=count - 1)


def _month_before(now: datetime) -> datetime:
    return floor(floor(now, "month") - timedelta(days=1), "month")


PRESETS: Mapping[str, Preset] = {
    "24h": Preset(word="last 24 hours", begins=lambda now: floor(now, "hour") - timedelta(hours=23)),
    "7d": Preset(word="last 7 days", begins=_days(7)),
    "28d": Preset(word="last 4 weeks", begins=_days(28)),
    "91d": Preset(word="last 13 weeks", begins=_days(91)),
    "364d": Preset(word="last 52 weeks", begins=_days(364)),
    "month": Preset(word="this month", begins=lambda now: floor(now, "month")),
    "last-month": Preset(
        word="last month", begins=_month_before, ends=lambda now: floor(now, "month")
    ),
}  # fmt: skip


def over(view: View, name: str) -> View:
    """The view with the range of a preset."""
    preset = PRESETS[name]
    now = view.local(view.now)
    until = preset.ends(now) if preset.ends else whole(now)
    return replace(view, range=name, since=preset.begins(now), until=until)


def between(view: View, since: date, until: date) -> View:
    """From the beginning of one day to the end of another, on the clock of the view's zone; not past now."""
    zone = ZoneInfo(view.zone)
    end = datetime.combine(until + timedelta(days=1), time(), zone)
    return replace(
        view, range="", since=datetime.combine(since, time(), zone), until=min(end, whole(view.local(view.now)))
    )


def whole(moment: datetime) -> datetime:
    """The end of the stretch of time that a moment lies in, as figures are kept."""
    begin = floor(moment, "quarter")
    return begin if begin == moment else begin + GRAIN


def words(view: View) -> str:
    """28 Oct to 24 Nov."""
    last = view.until - timedelta(seconds=1)
    first, end = view.since.date(), last.date()
    if first == end:
        return day(first)
    year = f" {first.year}" if first.year != end.year else ""
    return f"{day(first)}{year} to {day(end)}{f' {end.year}' if year else ''}"


def shifted(view: View) -> str:
    """What the view is compared with: 4 weeks before."""
    weeks = view.shift // timedelta(weeks=1)
    return "a week before" if weeks == 1 else f"{weeks} weeks before"
