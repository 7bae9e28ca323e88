"""How a range is cut into steps, and each step into rows of the roll-ups. Pure.

Rows begin at whole grains of UTC. A day of another zone is made of hours, or of quarters where the zone is half an hour off; it
has 23 or 25 hours where clocks change.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from analytics.windows.types import Step

FIVE, QUARTER, HOUR, DAY = 5, 15, 60, 1440
"""The grains, in minutes."""
FIVE_MINUTES_KEPT = timedelta(days=14)
"""Rows of five minutes are for looking at what happens now; all longer ones stay."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTES = {"5min": FIVE, "quarter": QUARTER, "hour": HOUR}
MAX_STEPS = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Rows of one grain, from `since` until before `until`, that count for the step that begins at `step`."""

    step: datetime
    grain: int
    since: datetime
    until: datetime


def is_whole(moment: datetime, grain: int) -> bool:
    """Whether rows of this grain begin there."""
    return (moment - EPOCH) % timedelta(minutes=grain) == timedelta(0)


def spans(since: datetime, until: datetime, step: Step | None, zone: ZoneInfo, grains: Sequence[int]) -> Iterator[Span]:
    """All that a range is made of, coarsest grain first wherever it fits. `grains` go from coarse to fine."""
    if step is None:
        yield from _made_of(since, since, until, grains)
        return
    begin = floor(since.astimezone(zone), step)
    for _ in range(MAX_STEPS):
        end = after(begin, step)
        yield from _made_of(begin, max(since, begin.astimezone(UTC)), min(until, end.astimezone(UTC)), grains)
        if end.astimezone(UTC) >= until:
            return
        begin = end
    raise ValueError(
        f"step: at most {MAX_STEPS:,} steps of {step} fit into one answer; ask for a shorter range or longer steps."
    )


def _made_of(step: datetime, since: datetime, until: datetime, grains: Sequence[int]) -> Iterator[Span]:
    grain, *finer = grains
    first, last = -(-(since - EPOCH) // timedelta(minutes=grain)), (until - EPOCH) // timedelta(minutes=grain)
    if first >= last:
        if finer:
            yield from _made_of(step, since, until, finer)
        return
    begin, end = EPOCH + first * timedelta(minutes=grain), EPOCH + last * timedelta(minutes=grain)
    if finer and since < begin:
        yield from _made_of(step, since, begin, finer)
    yield Span(step=step, grain=grain, since=begin, until=end)
    if finer and end < until:
        yield from _made_of(step, end, until, finer)


def floor(local: datetime, step: Step) -> datetime:
    """When the step began that a local time is in."""
    if step in MINUTES:
        minute = local.minute - local.minute % MINUTES[step] if step != "hour" else 0
        return local.replace(minute=minute, second=0, microsecond=0)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if step == "week":
        return midnight - timedelta(days=midnight.weekday())
    return midnight.replace(day=1) if step == "month" else midnight


def after(begin: datetime, step: Step) -> datetime:
    """When the step after the one of `begin` begins. Days are those of the calendar: clocks may change within."""
    if step in MINUTES:
        later = (begin.astimezone(UTC) + timedelta(minutes=MINUTES[step])).astimezone(begin.tzinfo)
        whole = floor(later, step)
        return whole if whole.astimezone(UTC) > begin.astimezone(UTC) else later
    if step == "month":
        return floor(begin + timedelta(days=31), step)
    return begin + timedelta(days=7 if step == "week" else 1)
