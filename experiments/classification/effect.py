"""What it changes that others than the table read prompts: the model that a request gets."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from analytics.models import Record
from autorouter.classification.classify import MULTIMODAL
from autorouter.types import Task
from experiments.classification.types import Effect
from experiments.replay import comparing
from experiments.replay.backtest import Pair, load
from experiments.replay.comparing import Replay
from experiments.replay.traffic import replayable, situations_of
from experiments.types import Traffic

NEWEST = 500
"""So many are decided once more."""


def effect(newest: Sequence[UUID]) -> Effect:
    """Of these requests, by the releases that are live and what could be called when the newest one came in: each other state of
    that would have to be ranked anew. Before: as the table alone read them; after: as they were read."""
    found = situations_of(replayable(Record.objects.filter(operation_id__in=newest)))
    latest = max(found, key=lambda each: each.at, default=None)
    situations = [replace(each, availability=latest.availability) for each in found] if latest else []
    by_table = [replace(each, task=by_table_alone(each.task)) for each in situations]
    live = Replay(*load(Pair()))
    traffic = Traffic(situations=by_table, is_recorded=True, latency_ms={})
    return Effect(
        report=comparing.between(traffic, live, live, situations),
        since=min((each.at for each in situations), default=None),
    )


def by_table_alone(task: Task) -> Task:
    """The task as it would have been, had nobody else been asked."""
    table = task.readings[0]
    if task.category == MULTIMODAL:
        return replace(task, complexity=table.complexity, readings=(), origin="local")
    return replace(
        task, category=table.likely[0][0], complexity=table.complexity, likely=table.likely, readings=(), origin="local"
    )
