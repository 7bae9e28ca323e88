"""The outcomes that success is learned from: judged and failed requests whose decision keeps the words, and imported files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.db.models.fields.json import KeyTransform

from analytics.models import Feedback, Record
from autorouter.types import EMBEDDING
from experiments.learning.success.outcomes import Outcome
from experiments.models import ImportedOutcome

MAX_OUTCOMES = 60_000
"""Of each sort, the newest: so many are fitted in some minutes."""
WORDS = KeyTransform("terms", KeyTransform("task", "decision"))
IMPORTED = ("question", "model", "category", "terms", "score")


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """Everything that a round looks at."""

    outcomes: tuple[Outcome, ...]
    requests: int
    """Recorded requests whose words are kept."""
    judged: int
    failed: int
    imported: int


def gather(since: datetime) -> Gathered:
    """What came of requests since then, and all that was imported."""
    with_words = Record.objects.filter(
        created_at__gte=since, decision__task__has_key="terms", saved_nano=None
    ).exclude(category=EMBEDDING).order_by("-created_at")  # fmt: skip
    satisfaction = dict(Feedback.objects.filter(reported_at__gte=since).values_list("operation_id", "satisfaction"))
    judged = list(_judged(with_words, satisfaction))
    failed = list(_failed(with_words, judged))
    rows = ImportedOutcome.objects.order_by("-id").values_list(*IMPORTED)[:MAX_OUTCOMES]
    imported = [
        Outcome(model=model, kind=category, terms=tuple(terms), score=score, question=question)
        for question, model, category, terms, score in rows
    ]
    return Gathered(
        outcomes=(*judged, *failed, *imported), requests=with_words.count(), judged=len(judged), failed=len(failed),
        imported=len(imported),
    )  # fmt: skip


def _judged(requests: QuerySet[Record], satisfaction: Mapping[UUID, Any]) -> Iterator[Outcome]:
    answered = requests.filter(outcome="success", operation_id__in=satisfaction)
    for row in _rows(answered):
        yield _outcome(row, float(satisfaction[row["operation_id"]]))


def _failed(requests: QuerySet[Record], judged: list[Outcome]) -> Iterator[Outcome]:
    """Failures, as large a share of each model's as of its answers were judged: else each would count more than an answer."""
    answers = dict(requests.filter(outcome="success").order_by().values_list("model").annotate(Count("operation_id")))
    by_model: dict[str, int] = {}
    for each in judged:
        by_model[each.model] = by_model.get(each.model, 0) + 1
    for row in _rows(requests.filter(outcome="failure")):
        share = by_model.get(row["model"], 0) / answers.get(row["model"], 1)
        if _drawn(row["operation_id"]) < share:
            yield _outcome(row, 0.0)


def _rows(requests: QuerySet[Record]) -> list[dict[str, Any]]:
    columns = ("operation_id", "account_id", "session", "model", "category")
    return list(requests.values(*columns, words=WORDS)[:MAX_OUTCOMES])


def _drawn(operation_id: UUID) -> float:
    """The same number from 0 to 1 for a request, whenever it is asked."""
    return int.from_bytes(blake2b(operation_id.bytes, digest_size=4).digest(), "big") / (1 << 32)


def _outcome(row: Mapping[str, Any], score: float) -> Outcome:
    session = f"{row['account_id']}/{row['session']}" if row["session"] else str(row["operation_id"])
    return Outcome(
        model=row["model"], kind=row["category"], terms=tuple(row["words"]), score=score, question=session
    )  # fmt: skip
