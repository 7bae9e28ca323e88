"""How models did lately: the facts by which the router keeps to a longest latency, by which time is turned into tokens, and
by which the gateway holds no more than an answer usually needs.

They come back to the router through a table and the next snapshot. A request with a failed attempt is left out, since its time
is not the model's alone; so is an answer from the cache, which no model gave; and so is what the sandbox answered as soon as real
models do, or the other way round.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Context, Decimal

from django.db import connection, transaction
from django.utils.timezone import now

from analytics.models import MeasuredFact
from routerhub.releases import notify

CHANGED = "measured"
"""What is announced when the facts are others than before."""
WINDOW = timedelta(days=1)
MAX_REQUESTS = 100_000
"""The newest of the window are measured: this bounds what a look may cost."""
MIN_REQUESTS = 5
"""Fewer say nothing of a model."""
MIN_LENGTHS = 20
"""So many lengths say how long an answer usually is."""
LENGTH_MARGIN = Decimal("1.5")
"""An answer may be so much longer than 99 in 100 are: also what was cut there is measured again, and must not shrink it."""
MIN_USUAL_OUTPUT = 1_000
"""Tokens. Accepted limit: a record does not say what maximum its request named, so that many short ones look like the rule."""
TWO_DIGITS = Context(prec=2, rounding=ROUND_CEILING)
"""More would not be true, and would make new facts of every look. Up, so that rounding lets no model pass a limit."""
MEASURE = """
    WITH answered AS (
        SELECT created_at, model, latency_ms, output_tokens, is_sandbox FROM analytics_record
        WHERE created_at >= %(since)s AND outcome = 'success' AND NOT fallback_used
          AND saved_nano IS NULL
        ORDER BY created_at DESC LIMIT %(max_requests)s
    )
    SELECT model, count(*), avg(latency_ms), 1000 * sum(output_tokens) / nullif(sum(latency_ms), 0),
           percentile_disc(0.99) WITHIN GROUP (ORDER BY output_tokens)
    FROM answered WHERE is_sandbox = (SELECT is_sandbox FROM answered ORDER BY created_at DESC LIMIT 1)
    GROUP BY model HAVING count(*) >= %(min_requests)s
"""


def facts() -> tuple[Mapping[str, int], Mapping[str, float]]:
    """Mean answer time in ms and output tokens a second, each by model id. Raises DatabaseError."""
    return read()[0]


def read() -> tuple[tuple[Mapping[str, int], Mapping[str, float]], Mapping[str, int]]:
    """The facts, and how many tokens an answer hardly ever passes, by model id. Raises DatabaseError."""
    rows = list(MeasuredFact.objects.all())
    speeds = {row.model: row.tokens_per_second for row in rows if row.tokens_per_second}
    lengths = {row.model: row.usual_output for row in rows if row.usual_output}
    return ({row.model: row.latency_ms for row in rows}, speeds), lengths


@transaction.atomic
def refresh() -> int:
    """Measure anew, forget the models that did not answer lately, and announce what is new. Returns how many were measured."""
    before, rows = read(), list(_measured())
    MeasuredFact.objects.exclude(pk__in=[row.model for row in rows]).delete()
    fields = ["requests", "latency_ms", "tokens_per_second", "usual_output", "measured_at"]
    MeasuredFact.objects.bulk_create(rows, update_conflicts=True, unique_fields=["model"], update_fields=fields)
    if read() != before:
        notify.announce(CHANGED)
    return len(rows)


def _measured() -> Iterator[MeasuredFact]:
    moment = now()
    bounds: dict[str, datetime | int] = {
        "since": moment - WINDOW, "max_requests": MAX_REQUESTS, "min_requests": MIN_REQUESTS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(MEASURE, bounds)
        for model, requests, latency_ms, tokens_per_second, longest in cursor.fetchall():
            yield MeasuredFact(
                model=model,
                requests=requests,
                latency_ms=int(_rounded(latency_ms)),
                tokens_per_second=float(_rounded(tokens_per_second or Decimal(0))),
                usual_output=_usual(longest) if requests >= MIN_LENGTHS else None,
                measured_at=moment,
            )


def _usual(longest: int) -> int:
    return max(MIN_USUAL_OUTPUT, int(_rounded(LENGTH_MARGIN * longest)))


def _rounded(value: Decimal) -> Decimal:
    return TWO_DIGITS.plus(value)
