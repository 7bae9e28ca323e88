"""Ranges of time in somebody's zone. Pure."""

from dataclasses import replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

from analytics.windows.types import Question, Step

STEP_S: dict[Step, int] = {
    "5min": 300, "quarter": 900, "hour": 3_600, "day": 86_400, "week": 7 * 86_400, "month": 28 * 86_400,
}  # fmt: skip
"""The least seconds that a step takes, give or take an hour of daylight saving."""


def steps_in(question: Question) -> int:
    """About how many steps the range has."""
    if question.step is None:
        return 1
    return -(-int((question.until - question.since).total_seconds()) // STEP_S[question.step])


def before(question: Question) -> Question:
    """The same of the period before: as many months where the range is of whole ones, else as many days as the clocks there show,
    else as many seconds."""
    zone = ZoneInfo(question.zone)
    since, until = question.since.astimezone(zone), question.until.astimezone(zone)
    if since.time() == until.time() == time():
        return replace(question, since=_days_before(since, until), until=question.since)
    return replace(question, since=question.since - (question.until - question.since), until=question.since)


def _days_before(since: datetime, until: datetime) -> datetime:
    if since.day == until.day == 1:
        first = 2 * (12 * since.year + since.month - 1) - (12 * until.year + until.month - 1)
        return since.replace(year=first // 12, month=first % 12 + 1)
    # On wall clocks: the difference of two moments of one zone is that of what its clocks show.
    return since - (until - since)
