"""The requests that are replayed: a slice of the records, or the prompts that ship where there are none."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Avg, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.dateparse import parse_datetime, parse_duration
from django.utils.timezone import is_naive, make_aware, now

from analytics.models import Record
from analytics.models.records import Real
from autorouter import availability_facts, seed_prompts
from autorouter.classification.classify import read_locally
from autorouter.classification.vocabulary import numbers
from autorouter.decision import decision_json
from autorouter.types import READERS, Constraints, Task
from experiments.errors import BadSlice
from experiments.replay.decisions import PARTS
from experiments.types import Situation, Traffic
from models_registry.types import Availability, Usage
from routerhub import numerals

SHIPPED_EVERY = 4
"""So many of the seed prompts make one built-in prompt, or the first preview would wait while all are classified."""
MAX_REQUESTS = 10_000
EXPECTED_OUTPUT_TOKENS = 500
TEXTS = {f"{name}_text": KeyTextTransform(name, "decision") for name in ("task", "constraints", "availability")}
"""As text, since most requests share their constraints: equal texts are read once."""
FIELDS = (
    "created_at", *TEXTS, "user_id", "tags", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens",
    "reasoning_tokens",
)  # fmt: skip
REMEMBERED_S = 20
NAMED = ("category", "complexity", "task_type", "model", "read_by", "tag")
"""By what a slice is narrowed as the records have it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """Which records: the newest `limit` of those that fit. Empty and None: any."""

    limit: int = MAX_REQUESTS
    since: datetime | None = None
    until: datetime | None = None
    account_id: int | None = None
    user_id: int | None = None
    category: str = ""
    complexity: str = ""
    task_type: str = ""
    model: str = ""
    tag: str = ""
    read_by: str = ""
    min_confidence: float | None = None
    """How likely the category at least is, and at most: below 0.5 are those that nobody is sure of."""
    max_confidence: float | None = None

    def check(self) -> None:
        """Raises BadSlice."""
        if not 1 <= self.limit <= 1_000_000:
            raise BadSlice("limit", f"{self.limit} is not from 1 to 1,000,000.")
        for name in NAMED:
            if "\x00" in getattr(self, name):
                raise BadSlice(name, f"{getattr(self, name)!r} holds a character that no record has.")
        if self.read_by and self.read_by not in READERS:
            raise BadSlice("read_by", f"{self.read_by!r} is none of {', '.join(READERS)}.")
        self._check_confidence()
        if self.since and self.until and self.since >= self.until:
            raise BadSlice("since", f"{self.since} is not before until, {self.until}.")

    def _check_confidence(self) -> None:
        for name in ("min_confidence", "max_confidence"):
            if (given := getattr(self, name)) is not None and not 0 <= given <= 1:
                raise BadSlice(name, f"{given} is not from 0 to 1.")
        low, high = self.min_confidence, self.max_confidence
        if low is not None and high is not None and low > high:
            raise BadSlice("min_confidence", f"{low} is above max_confidence, {high}.")


def records(chosen: Slice) -> QuerySet[Record]:
    """The records of a slice, the newest first; none of requests that went nowhere. Raises BadSlice."""
    chosen.check()
    found = replayable(Record.objects.order_by("-created_at"))
    filters = {
        "created_at__gte": chosen.since,
        "created_at__lt": chosen.until,
        "account_id": chosen.account_id,
        "user_id": chosen.user_id,
        "confidence__gte": _real(chosen.min_confidence),
        "confidence__lte": _real(chosen.max_confidence),
        **{name: getattr(chosen, name) or None for name in NAMED if name != "tag"},
    }
    found = found.filter(**{name: value for name, value in filters.items() if value is not None})
    # The column is text[]; Django's own containment would compare it with varchar[].
    return found.extra(where=["tags @> ARRAY[%s]::text[]"], params=[chosen.tag]) if chosen.tag else found


def replayable(found: QuerySet[Record]) -> QuerySet[Record]:
    """Those of them that keep what their decision came from, and went somewhere."""
    return found.filter(decision__has_keys=[*PARTS]).exclude(outcome="refused")


def _real(share: float | None) -> Cast | None:
    """As precise as the column."""
    return None if share is None else Cast(Value(share), Real())


def recent(chosen: Slice) -> Traffic:
    """The traffic of a slice; the built-in prompts where it has no record. Raises BadSlice."""
    found = recorded(chosen)
    return found if found.situations else built_in()


def recorded(chosen: Slice) -> Traffic:
    """The traffic of a slice. Raises BadSlice."""
    situations = situations_of(records(chosen)[: chosen.limit])
    return Traffic(situations=situations, is_recorded=True, latency_ms=_latency(chosen) if situations else {})


_remembered: dict[Slice, tuple[float, Traffic]] = {}


def remembered(chosen: Slice) -> Traffic:
    """The same, at most REMEMBERED_S old: for a preview that follows a slider. Raises BadSlice."""
    since = time.monotonic() - REMEMBERED_S
    found = _remembered.get(chosen)
    if found is None or found[0] < since:
        _remembered.clear()
        found = _remembered[chosen] = (time.monotonic(), recent(chosen))
    return found[1]


def _latency(chosen: Slice) -> Mapping[str, float]:
    """Mean answer time of every model that answered in the slice's time, by id."""
    since = chosen.since or now() - timedelta(days=30)
    answered = Record.objects.filter(created_at__gte=since, outcome="success", saved_nano=None).order_by()
    rows = answered.values_list("model").annotate(Avg("latency_ms"))
    return {model: float(mean) for model, mean in rows}


def situations_of(found: QuerySet[Record]) -> list[Situation]:
    """Recorded requests as the router met them; without those that cannot be replayed."""
    return list(by_request(found).values())


def by_request(found: QuerySet[Record]) -> dict[UUID, Situation]:
    """The same by their ids. Equal constraints and availabilities become one value, which makes a replay quick. A record whose
    facts on availability are not kept cannot be replayed, and is left out."""
    rows = list(found.annotate(**TEXTS).values_list("operation_id", *FIELDS))
    facts = availability_facts.read_all(row[4] for row in rows)
    task_of = cache(lambda text: decision_json.task_of(json.loads(text)))
    constraints_of = cache(lambda text: decision_json.constraints_of(json.loads(text)))
    return {
        operation: Situation(
            at=at, task=task_of(task), constraints=constraints_of(constraints), availability=facts[digest],
            usage=_usage(*tokens), tags=tuple(tags), user_id=user_id,
        )
        for operation, at, task, constraints, digest, user_id, tags, *tokens in rows if digest in facts
    }  # fmt: skip


def _usage(inputs: int, outputs: int, cache_read: int, cache_write: int, reasoning: int) -> Usage:
    return Usage(
        input_tokens=inputs, output_tokens=outputs, cache_read_tokens=cache_read, cache_write_tokens=cache_write,
        reasoning_tokens=reasoning,
    )  # fmt: skip


@cache
def _shipped_tasks() -> tuple[Task, ...]:
    read = (read_locally(row["messages"]) for row in islice(seed_prompts.rows(), 0, None, SHIPPED_EVERY))
    return tuple(replace(each.task, terms=numbers(each.asked)) for each in read)


def built_in() -> Traffic:
    """The prompts that ship, each as a plain request of this moment with an answer of expected length."""
    moment, everywhere, plain = now(), Availability(providers=frozenset(), sandbox=True), Constraints()
    situations = [
        Situation(at=moment, task=task, constraints=plain, availability=everywhere,
                  usage=Usage(input_tokens=task.input_tokens, output_tokens=EXPECTED_OUTPUT_TOKENS))
        for task in _shipped_tasks()
    ]  # fmt: skip
    return Traffic(situations=situations, is_recorded=False, latency_ms={})


def read_moment(field: str, text: str) -> Any:
    """A moment, or so long ago ("7d", "12h", "30m"). Raises BadSlice."""
    if not text:
        return None
    ages = {"d": "days", "h": "hours", "m": "minutes"}
    try:
        if text[-1] in ages and (age := numerals.whole(text[:-1])) is not None:
            return now() - timedelta(**{ages[text[-1]]: age})
        found = parse_datetime(text) or parse_datetime(f"{text}T00:00") or parse_duration(text)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise BadSlice(field, f"{text!r} is neither a moment such as 2026-11-01 nor an age such as 7d.")
    if isinstance(found, timedelta):
        return now() - found
    return make_aware(found) if is_naive(found) else found
