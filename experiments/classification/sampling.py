"""The requests that are looked at: all of a range, or so many of them as can be read while somebody waits.

A request is in the sample by its id, which is drawn at random: each is as likely to be in it as any other, the same ones are each
time, and their index leads to them, so that the rest of a large range is not read.
"""

from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

import orjson
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from analytics.models import Feedback, Record
from analytics.reports.dearest import requests_of
from analytics.windows.types import Question
from autorouter.types import EMBEDDING, QUESTION_TAG
from experiments.classification.types import Origin, Said, Seen

MOST = 10_000
"""Requests that are looked at, about."""
IDS = 1 << 128
TASK = KeyTransform("task", "decision")
FIELDS = ("created_at", "read_by", "category", "confidence", "origin", "readings", "satisfaction", "operation_id")


def drawn(question: Question, total: int) -> QuerySet[Record]:
    """The sample of a range that holds about `total` requests. Raises ValidationError for too long a range."""
    found = requests_of(question).exclude(category__in=("", EMBEDDING))
    # The column is text[]; Django's own containment would compare it with varchar[].
    found = found.extra(where=["NOT tags @> ARRAY[%s]::text[]"], params=[QUESTION_TAG])
    return found.filter(operation_id__lt=UUID(int=IDS * MOST // total)) if total > MOST else found


def seen(found: QuerySet[Record]) -> Iterator[tuple[UUID, Seen]]:
    """Each request by its id, the newest first, and no more than twice as many as are wanted, should the roll-ups be far behind.
    Those that nobody read, and whose callers did not say what they are about, are left out."""
    rated = Feedback.objects.filter(operation_id=OuterRef("operation_id")).values("satisfaction")[:1]
    task = {name: KeyTextTransform(name, TASK) for name in ("origin", "readings")}
    rows = found.annotate(**task, satisfaction=Subquery(rated)).values_list(*FIELDS)[: 2 * MOST]
    for at, read_by, category, confidence, origin, readings, satisfaction, operation_id in rows:
        if by := read_by or ("given" if origin == "given" else ""):
            yield operation_id, Seen(
                at=at, by=cast(Origin, by), category=category, confidence=confidence, origin=origin or "",
                said={each["by"]: _said(each) for each in orjson.loads(readings or "[]")},
                satisfaction=None if satisfaction is None else float(satisfaction),
            )  # fmt: skip


def _said(reading: dict[str, Any]) -> Said:
    return Said(category=reading["likely"][0][0], complexity=reading["complexity"], took_ms=reading["took_us"] / 1_000)
