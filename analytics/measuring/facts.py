"""How models did lately: the facts by which the router keeps to a longest latency, by which time is turned into tokens, and
by which the gateway holds no more than an answer usually needs, and fits requests where room is scarce (`lengths`).

They come back to the router through a table and the next snapshot. A request with a failed attempt is left out, since its time
is not the model's alone; so is an answer from the cache, which no model gave; and so is what the sandbox answered as soon as real
models do, or the other way round.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Context, Decimal
from types import SimpleNamespace

from django.db import connection, transaction
from django.utils.timezone import now

from analytics.measuring.lengths import ALL, Length, Lengths
from analytics.models import MeasuredFact, MeasuredLength
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
HIGH = 0.98
"""The share of answers of a sort that its high length covers."""
HIGH_MARGIN = Decimal("1.1")
"""So much beyond it: where answers were cut at it, it grows again, and never shrinks by its own cutting."""
MEASURE = """
    WITH answered AS (
        SELECT created_at, model, category, complexity, latency_ms, output_tokens, is_sandbox FROM analytics_record
        WHERE created_at >= %(since)s AND outcome = 'success' AND NOT fallback_used
          AND saved_nano IS NULL
        ORDER BY created_at DESC LIMIT %(max_requests)s
    )
    SELECT coalesce(model, %(all)s) AS model, coalesce(category, %(all)s) AS category,
           coalesce(complexity, %(all)s) AS complexity, count(*) AS requests, avg(latency_ms) AS latency_ms,
           coalesce(1000 * sum(output_tokens) / nullif(sum(latency_ms), 0), 0) AS tokens_per_second,
           percentile_disc(0.99) WITHIN GROUP (ORDER BY output_tokens) AS longest,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY output_tokens) AS median,
           percentile_disc(%(high)s) WITHIN GROUP (ORDER BY output_tokens) AS high,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY latency_ms) AS median_ms
    FROM answered WHERE is_sandbox = (SELECT is_sandbox FROM answered ORDER BY created_at DESC LIMIT 1)
    GROUP BY GROUPING SETS ((model, category, complexity), (model), (category, complexity), ())
    HAVING count(*) >= %(min_requests)s
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


def read_lengths() -> Lengths:
    """How long answers usually are. Raises DatabaseError."""
    rows = list(MeasuredLength.objects.all())
    return Lengths(
        by_cell={
            (row.model, row.category, row.complexity): Length(median=row.median_output, high=row.high_output)
            for row in rows
        },
        answer_ms={row.model: row.median_ms for row in rows if row.category == ALL},
    )


@transaction.atomic
def forget() -> int:
    """Let the router know of no model how it did, and announce that where it knew. Returns 0: none was measured."""
    if sum(table.objects.all().delete()[0] for table in (MeasuredFact, MeasuredLength)):
        notify.announce(CHANGED)
    return 0


@transaction.atomic
def refresh() -> int:
    """Measure anew, forget the models that did not answer lately, and announce what is new. Returns how many were measured."""
    before, moment = (read(), read_lengths()), now()
    groups = _measured(moment)
    rows = [_fact(each, moment) for each in groups if each.model != ALL and each.category == ALL]
    MeasuredFact.objects.exclude(pk__in=[row.model for row in rows]).delete()
    fields = ["requests", "latency_ms", "tokens_per_second", "usual_output", "measured_at"]
    MeasuredFact.objects.bulk_create(rows, update_conflicts=True, unique_fields=["model"], update_fields=fields)
    MeasuredLength.objects.all().delete()
    MeasuredLength.objects.bulk_create(_length(each, moment) for each in groups if each.requests >= MIN_LENGTHS)
    if (read(), read_lengths()) != before:
        notify.announce(CHANGED)
    return len(rows)


def _measured(moment: datetime) -> list[SimpleNamespace]:
    """The rows of MEASURE."""
    bounds: dict[str, datetime | int | float | str] = {
        "since": moment - WINDOW, "max_requests": MAX_REQUESTS, "min_requests": MIN_REQUESTS, "high": HIGH, "all": ALL,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(MEASURE, bounds)
        names = [column.name for column in cursor.description]
        return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _fact(group: SimpleNamespace, moment: datetime) -> MeasuredFact:
    return MeasuredFact(
        model=group.model,
        requests=group.requests,
        latency_ms=int(_rounded(group.latency_ms)),
        tokens_per_second=float(_rounded(group.tokens_per_second)),
        usual_output=_usual(group.longest) if group.requests >= MIN_LENGTHS else None,
        measured_at=moment,
    )


def _length(group: SimpleNamespace, moment: datetime) -> MeasuredLength:
    return MeasuredLength(
        model=group.model,
        category=group.category,
        complexity=group.complexity,
        answers=group.requests,
        median_output=int(_rounded(Decimal(group.median))),
        high_output=int(_rounded(HIGH_MARGIN * group.high)),
        median_ms=int(_rounded(Decimal(group.median_ms))),
        measured_at=moment,
    )


def _usual(longest: int) -> int:
    return max(MIN_USUAL_OUTPUT, int(_rounded(LENGTH_MARGIN * longest)))


def _rounded(value: Decimal) -> Decimal:
    return TWO_DIGITS.plus(value)
