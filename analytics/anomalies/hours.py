"""The hours in which anomalies are looked for: figures of each account, model and provider, out of the request records.

Each hour is read from the records a few times and never again, so that a look costs some hours of records.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.db import connection
from django.db.models import Max

from analytics.anomalies.detection import HISTORY_HOURS
from analytics.anomalies.types import NONE, Figures
from analytics.models import HourFigures

HOUR = timedelta(hours=1)
AGAIN_HOURS = 3
"""The newest so many hours are read anew each time: a record may come as long after its request as that took."""
MAX_HOURS = 48
"""At most so many are read by one statement."""
SUBJECTS_AT_ONCE = 200
GATHER = """
    INSERT INTO analytics_hourfigures AS known (kind, subject, account_id, hour, requests, failures, cost_nano, latency_ms)
    SELECT s.kind, s.subject, s.account_id, date_trunc('hour', r.created_at, 'UTC'),
           count(*) FILTER (WHERE r.outcome IN ('success', 'failure')), count(*) FILTER (WHERE r.outcome = 'failure'),
           sum(r.cost_nano),
           coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY r.latency_ms) FILTER (
               WHERE r.outcome = 'success' AND r.saved_nano IS NULL
           ), 0)::int
    FROM analytics_record r
    CROSS JOIN LATERAL (VALUES
        ('account', r.account_id::text, r.account_id), ('model', r.model, NULL), ('provider', r.provider, NULL)
    ) AS s (kind, subject, account_id)
    WHERE r.created_at >= %(since)s AND r.created_at < %(until)s AND r.outcome <> 'refused' AND s.subject <> ''
      AND r.is_sandbox = (
          SELECT is_sandbox FROM analytics_record WHERE created_at < %(until)s ORDER BY created_at DESC LIMIT 1
      )
    GROUP BY s.kind, s.subject, s.account_id, 4
    ON CONFLICT (kind, subject, hour) DO UPDATE SET
        requests = excluded.requests, failures = excluded.failures, cost_nano = excluded.cost_nano,
        latency_ms = excluded.latency_ms
"""
"""What the sandbox made up is left out as soon as real models answer, or the other way round."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """An account, a model or a provider."""

    kind: str
    name: str
    account_id: int | None


def gather(moment: datetime) -> datetime:
    """Read the hours before `moment` that are not known yet, the newest again, and forget those that no history reaches. Returns
    until when the figures are known: the beginning of the running hour."""
    running = moment.replace(minute=0, second=0, microsecond=0)
    oldest = running - HISTORY_HOURS * HOUR
    newest = HourFigures.objects.aggregate(newest=Max("hour"))["newest"]
    since = max(oldest, newest - AGAIN_HOURS * HOUR) if newest else _first_record(oldest)
    while since < running:
        until = min(running, since + MAX_HOURS * HOUR)
        with connection.cursor() as cursor:
            cursor.execute(GATHER, {"since": since, "until": until})
        since = until
    HourFigures.objects.filter(hour__lt=oldest).delete()
    return running


def _first_record(oldest: datetime) -> datetime:
    """The hour of the first record that history reaches; the oldest where there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(created_at) FROM analytics_record WHERE created_at >= %s", [oldest])
        found: datetime | None = cursor.fetchone()[0]
    return found.replace(minute=0, second=0, microsecond=0) if found else oldest


def series(newest: datetime) -> Iterator[tuple[Subject, list[Figures]]]:
    """Whoever did something in the hour `newest`, with all hours of its history until then, gaps filled. In memory are those of
    SUBJECTS_AT_ONCE."""
    active = HourFigures.objects.filter(hour=newest).order_by("kind", "subject").values_list("kind", "subject")
    names = list(active)
    for begin in range(0, len(names), SUBJECTS_AT_ONCE):
        yield from _series(names[begin : begin + SUBJECTS_AT_ONCE], newest)


def _series(names: Sequence[tuple[str, str]], newest: datetime) -> Iterator[tuple[Subject, list[Figures]]]:
    oldest = newest - (HISTORY_HOURS - 1) * HOUR
    wanted = set(names)
    rows = HourFigures.objects.filter(
        hour__gte=oldest,
        hour__lte=newest,
        kind__in={kind for kind, _ in names},
        subject__in={name for _, name in names},
    ).order_by("kind", "subject", "account_id", "hour")
    for (kind, name, account_id), found in groupby(rows, lambda row: (row.kind, row.subject, row.account_id)):
        if (kind, name) not in wanted:
            continue
        hours = [NONE] * HISTORY_HOURS
        for row in found:
            hours[(row.hour - oldest) // HOUR] = Figures(
                requests=row.requests, failures=row.failures, cost_nano=row.cost_nano, latency_ms=row.latency_ms
            )
        yield Subject(kind=kind, name=name, account_id=account_id), hours
