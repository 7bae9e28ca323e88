"""How models did lately: the facts by which the router keeps to a longest latency, takes the quickest, and orders the deployments
of a model; by which time is turned into tokens; and by which the gateway holds no more than an answer usually needs, and fits
requests where room is scarce (`lengths`).

They come back to the router through a table and the next snapshot. Each look reads what was written since the last one, up to the
transactions that may still be under way, and puts it to sums of which half is forgotten with each MEASURED_HALF_LIFE_S. What the
sandbox answered is forgotten as soon as real models answer, or the other way round.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.timezone import now

from analytics.measuring import estimates, reading
from analytics.measuring.decay import SUMS, Spread, Sums, quantile, rounded, weight_of
from analytics.measuring.lengths import ALL, Length, Lengths
from analytics.models import MeasuredFact, MeasuredLength, Measuring, Record
from models_registry.types import Facts
from routerhub.releases import notify

CHANGED = "measured"
"""What is announced when the facts are others than before."""
WINDOW = timedelta(days=1)
"""So far back the first look goes."""
LATE = timedelta(hours=1)
"""What is recorded so long after it came in is measured still."""
MAX_REQUESTS = 100_000
"""The newest are measured: this bounds what a look may cost."""
MIN_LENGTHS = 20
"""So many lengths say how long an answer usually is."""
LENGTH_MARGIN = 1.5
"""An answer may be so much longer than 99 in 100 are: also what was cut there is measured again, and must not shrink it."""
MIN_USUAL_OUTPUT = 1_000
"""Tokens. Accepted limit: a record does not say what maximum its request named, so that many short ones look like the rule."""
HIGH = 0.98
"""The share of answers of a sort that its high length covers."""
HIGH_MARGIN = 1.1
"""So much beyond it: where answers were cut at it, it grows again, and never shrinks by its own cutting."""
HORIZON = "SELECT transaction_horizon()"
"""Every transaction before it has ended."""


def facts() -> Facts:
    """What a snapshot takes, see estimates. Raises DatabaseError."""
    rows = list(MeasuredFact.objects.all())
    newest = max((row.measured_at for row in rows), default=None)
    if newest is None:
        return {}, {}, {}
    return estimates.facts({(row.model, row.deployment): _as_of(newest, row) for row in rows})


def read_lengths() -> tuple[Lengths, Mapping[str, int]]:
    """How long answers usually are, and how many tokens one hardly ever passes, by model id. Raises DatabaseError."""
    rows = list(MeasuredLength.objects.filter(answers__gte=MIN_LENGTHS).defer("tokens", "times"))
    lengths = Lengths(
        by_cell={
            (row.model, row.category, row.complexity): Length(median=row.median_output, high=row.high_output)
            for row in rows
        },
        answer_ms={row.model: row.median_ms for row in rows if row.category == ALL},
    )
    return lengths, {row.model: row.usual_output for row in rows if row.category == ALL != row.model}


@transaction.atomic
def forget() -> int:
    """Let the router know of no model how it did, and announce that where it knew. Returns 0: none was measured."""
    if sum(table.objects.all().delete()[0] for table in (MeasuredFact, MeasuredLength, Measuring)):
        notify.announce(CHANGED)
    return 0


@transaction.atomic
def refresh() -> int:
    """Measure what is new, and announce it where the facts are others by it. Returns of how many models something is known."""
    before, moment = (facts(), read_lengths()), now()
    seen = reading.new(_bounds(moment), moment, settings.MEASURED_HALF_LIFE_S)
    _keep_sums(seen.sums, moment)
    _keep_spreads(seen.spreads, moment)
    if (facts(), read_lengths()) != before:
        notify.announce(CHANGED)
    return MeasuredFact.objects.filter(deployment=ALL).exclude(model=ALL).count()


def _bounds(moment: datetime) -> dict[str, Any]:
    """What is to be measured now, as reading.NEW takes it; from here on it counts as measured."""
    with connection.cursor() as cursor:
        cursor.execute(HORIZON)
        (until,) = cursor.fetchone()
    last = Measuring.objects.select_for_update().first()
    is_sandbox = _is_sandbox(moment)
    if last is not None and is_sandbox not in {None, last.is_sandbox}:
        forget()
        last = None
    since, mark = (last.at - LATE, last.before) if last else (moment - WINDOW, 0)
    values = {"at": moment, "before": until, "is_sandbox": last.is_sandbox if last else bool(is_sandbox)}
    Measuring.objects.update_or_create(pk=1, defaults=values)
    return {
        "since": since, "mark": mark, "until": until, "is_sandbox": values["is_sandbox"], "max_requests": MAX_REQUESTS,
    }  # fmt: skip


def _is_sandbox(moment: datetime) -> bool | None:
    """Whether the newest answer is the sandbox's. None: there is none."""
    asked = Record.objects.filter(created_at__gte=moment - WINDOW).exclude(outcome="refused")
    return asked.order_by("-created_at").values_list("is_sandbox", flat=True).first()


def _share(before: datetime, moment: datetime) -> float:
    """What is left of sums."""
    return weight_of((moment - before).total_seconds(), settings.MEASURED_HALF_LIFE_S)


def _as_of(moment: datetime, row: MeasuredFact) -> Sums:
    """What a row says, weighed as of a moment."""
    found = Sums()
    found.add(Sums(**{name: getattr(row, name) for name in SUMS}), _share(row.measured_at, moment))
    return found


def _keep_sums(sums: Mapping[estimates.Key, Sums], moment: datetime) -> None:
    """Put new sums to those that are known. Every row is as of the moment then, and what was not called for long is forgotten."""
    known = {(row.model, row.deployment): _as_of(moment, row) for row in MeasuredFact.objects.all()}
    for key, found in sums.items():
        known.setdefault(key, Sums()).add(found, 1.0)
    forgotten = [key for key, found in known.items() if round(found.calls) < 1]
    for model, deployment in forgotten:
        MeasuredFact.objects.filter(model=model, deployment=deployment).delete()
    rows = [
        MeasuredFact(model=model, deployment=deployment, measured_at=moment, **{name: getattr(found, name) for name in SUMS})
        for (model, deployment), found in known.items()
        if (model, deployment) not in forgotten
    ]  # fmt: skip
    MeasuredFact.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["model", "deployment"], update_fields=[*SUMS, "measured_at"]
    )


def _keep_spreads(spreads: Mapping[tuple[str, str, str], Spread], moment: datetime) -> None:
    """The same for lengths. Only what has new answers is written; what has had none for a window is forgotten."""
    MeasuredLength.objects.filter(measured_at__lt=moment - WINDOW).delete()
    for row in MeasuredLength.objects.filter(model__in={cell[0] for cell in spreads}):
        if found := spreads.get((row.model, row.category, row.complexity)):
            found.add(_spread(row), _share(row.measured_at, moment))
    fields = ["answers", "median_output", "high_output", "usual_output", "median_ms", "tokens", "times", "measured_at"]
    MeasuredLength.objects.bulk_create(
        [_length(cell, found, moment) for cell, found in spreads.items()],
        update_conflicts=True, unique_fields=["model", "category", "complexity"], update_fields=fields,
    )  # fmt: skip


def _spread(row: MeasuredLength) -> Spread:
    tokens, times = ({int(value): weight for value, weight in each.items()} for each in (row.tokens, row.times))
    return Spread(tokens=tokens, times=times)


def _length(cell: tuple[str, str, str], found: Spread, moment: datetime) -> MeasuredLength:
    model, category, complexity = cell
    usual = rounded(LENGTH_MARGIN * quantile(found.tokens, 0.99))
    return MeasuredLength(
        model=model, category=category, complexity=complexity, answers=found.answers,
        median_output=quantile(found.tokens, 0.5), high_output=rounded(HIGH_MARGIN * quantile(found.tokens, HIGH)),
        usual_output=max(MIN_USUAL_OUTPUT, usual), median_ms=quantile(found.times, 0.5),
        tokens=found.tokens, times=found.times, measured_at=moment,
    )  # fmt: skip
