"""What a selection comes to: from the rows themselves where they are few, else from the roll-ups, else as far as is counted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.db.models import Avg, Count, Q, Sum
from django.utils.timezone import now

from analytics.requests.filters import OF_THE_RANGE, RecordFilter
from analytics.requests.pagination import MAX_COUNTED, counted
from analytics.requests.ranges import QUARTER
from analytics.windows.reading import ask
from analytics.windows.steps import is_whole
from analytics.windows.types import Dimension, Question, Traffic

REACHES_BACK = timedelta(days=3 * 365)
ROLLED_UP = frozenset(
    {"user", "key", "model", "provider", "deployment", "policy", "task_type", "category", "complexity", "worker", "tag"}
)
COLUMNS = ("operation_id", "outcome", "is_sandbox", "cost_nano", "input_tokens", "output_tokens", "latency_ms")
REAL, SANDBOX = Q(is_sandbox=False), Q(is_sandbox=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    requests: int = 0
    admitted: int = 0
    """Those that a model was called for, or the cache."""
    answered: int = 0
    cost_nano: int = 0
    sandbox_nano: int = 0
    tokens: int = 0
    latency_ms: float | None = None
    """The mean of those that were answered."""
    is_more: bool = False
    """There are more, which were not counted."""
    as_of: datetime | None = None
    """Until when all are counted, where the roll-ups told it."""


def totals(chosen: RecordFilter) -> Totals:
    """Of a valid selection."""
    found = _counted(chosen)
    return (_rolled_up(chosen) or found) if found.is_more else found


def _counted(chosen: RecordFilter) -> Totals:
    values = (
        counted(chosen)
        .values(*COLUMNS)
        .aggregate(
            requests=Count("operation_id"),
            admitted=Count("operation_id", filter=~Q(outcome="refused")),
            answered=Count("operation_id", filter=Q(outcome="success")),
            real_nano=Sum("cost_nano", filter=REAL, default=0),
            made_up_nano=Sum("cost_nano", filter=SANDBOX, default=0),
            tokens=Sum("input_tokens", default=0) + Sum("output_tokens", default=0),
            latency_ms=Avg("latency_ms", filter=Q(outcome="success")),
        )
    )
    real, made_up = values.pop("real_nano"), values.pop("made_up_nano")
    return Totals(**values, cost_nano=real, sandbox_nano=made_up, is_more=values["requests"] > MAX_COUNTED)


def _rolled_up(chosen: RecordFilter) -> Totals | None:
    """None where they do not know what is asked for."""
    where = _where(chosen)
    until = _ceiling(chosen.selected.get("until") or now())
    since = chosen.selected.get("since") or until - REACHES_BACK
    if where is None or not is_whole(since, 15):
        return None
    of = chosen.selected.get("traffic")
    asked: list[Traffic] = [cast(Traffic, of)] if of else ["real", "sandbox"]
    answers = {each: ask(Question(since=since, until=until, where=where, traffic=each)) for each in asked}
    figures = {each: row.figures for each, answer in answers.items() for row in answer.rows}
    both, timed = list(figures.values()), sum(each.timed for each in figures.values())
    return Totals(
        requests=sum(each.requests for each in both),
        admitted=sum(each.requests - each.refused for each in both),
        answered=sum(each.successes for each in both),
        cost_nano=figures["real"].cost_nano if "real" in figures else 0,
        sandbox_nano=figures["sandbox"].cost_nano if "sandbox" in figures else 0,
        tokens=sum(each.input_tokens + each.output_tokens for each in both),
        latency_ms=sum(each.latency_ms for each in both) / timed if timed else None,
        as_of=min(answer.as_of for answer in answers.values()),
    )


def _where(chosen: RecordFilter) -> dict[Dimension, tuple[str, ...]] | None:
    """The selection as the roll-ups are asked; None where they are not kept by that. Tags are kept by account alone."""
    found: dict[Dimension, tuple[str, ...]] = {}
    for name, value in chosen.selected.items():
        if name == "account":
            found["account"] = (str(value.id),)
        elif name in ROLLED_UP:
            found[cast(Dimension, name)] = chosen.values_of(name)
        elif name not in {*OF_THE_RANGE, "traffic"}:
            return None
    return None if "tag" in found and found.keys() - {"tag", "account"} else found


def _ceiling(moment: datetime) -> datetime:
    past = timedelta(minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond)
    return moment - past + (QUARTER if past else timedelta())
