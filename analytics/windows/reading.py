"""Reading the roll-ups: one bounded statement a question, which never looks at the records."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connection

from analytics.models import Watermark
from analytics.models.windows import BEGINNING
from analytics.windows import sketches
from analytics.windows.measures import ALL, DIMENSIONS, FLOW, MEASURES, SATISFIED, SKETCHES, TAG
from analytics.windows.statements import SUMS
from analytics.windows.steps import DAY, FIVE, HOUR, QUARTER, Span, is_whole, spans
from analytics.windows.types import Answer, Dimension, Figures, Question, Row
from routerhub.tenancy import scope

ERRORS = "sum_errors(jsonb_agg(x.errors) FILTER (WHERE x.errors IS NOT NULL)) AS errors"
VALUES = {
    "category": "split_part(x.value, '>', 1)",
    "model": "substr(x.value, strpos(x.value, '>') + 1)",
}
"""Of the dimension that is both."""


def ask(question: Question) -> Answer:
    """The figures. Raises ValueError, naming the field of the question."""
    zone = _checked(question)
    source = _Source(question)
    if source.is_nobody:
        return Answer(rows=(), as_of=_as_of())
    parts = list(spans(question.since, question.until, question.step, zone, source.grains))
    with connection.cursor() as cursor:
        cursor.execute(*source.statement(parts))
        rows = [_row(question, zone, row) for row in cursor.fetchall()]
    return Answer(rows=tuple(rows), as_of=_as_of())


def _as_of() -> datetime:
    return Watermark.objects.values_list("as_of", flat=True).first() or BEGINNING


def _checked(question: Question) -> ZoneInfo:
    try:
        zone = ZoneInfo(question.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"zone: {question.zone!r} is no time zone; write one as Europe/Berlin or UTC.") from None
    for name in ("since", "until"):
        moment, grain = getattr(question, name), FIVE if question.step == "5min" else QUARTER
        if moment.tzinfo is None:
            raise ValueError(f"{name}: {moment} has no time zone.")
        if not is_whole(moment, grain):
            raise ValueError(f"{name}: {moment} is no whole {grain} minutes of an hour, which figures are kept of.")
    if question.since >= question.until:
        raise ValueError(f"until: {question.until} is not after since, {question.since}.")
    if question.accounts is None and not scope.current().is_system:
        raise ValueError("accounts: the figures of all accounts are for staff; name the accounts.")
    _check_dimensions(question)
    return zone


def _check_dimensions(question: Question) -> None:
    for name, named in (("by", question.by), ("where", question.where)):
        for dimension in named:
            if dimension not in {"account", TAG, *DIMENSIONS}:
                raise ValueError(
                    f"{name}: {dimension!r} is no dimension; there are account, {', '.join(DIMENSIONS)} and tag."
                )
    if len(set(question.by)) < len(question.by):
        raise ValueError(f"by: {', '.join(question.by)} names a dimension twice.")
    if TAG in (*question.by, *question.where):
        if others := {*question.by, *question.where} - {"account", TAG}:
            raise ValueError(f"by: figures of tags are kept by account alone, not by {', '.join(sorted(others))}.")
        if TAG not in question.by and len(question.where[TAG]) > 1:
            raise ValueError(
                "where: figures of several tags are not added up, since a request may have them all; name one."
            )


class _Source:
    """Which rows answer a question."""

    def __init__(self, question: Question) -> None:
        self._question = question
        named = {*question.by, *question.where} - {"account"}
        self.is_window = len(named) <= 1 or named == {"category", "model"}
        self._table = "analytics_window" if self.is_window else "analytics_cross"
        self._dimension = FLOW if len(named) == 2 else next(iter(named), ALL)
        self._accounts = question.accounts
        if "account" in question.where:
            chosen = {int(value) for value in question.where["account"] if value.isdigit()}
            self._accounts = frozenset(chosen if self._accounts is None else chosen & self._accounts)
        self.is_nobody = self._accounts is not None and not self._accounts
        self.grains = self._grains()

    def _grains(self) -> Sequence[int]:
        if self._question.step == "5min":
            if not self.is_window:
                raise ValueError(
                    "step: 5min is kept of one dimension at a time; take quarter or longer, or fewer dimensions."
                )
            return (FIVE,)
        return (DAY, HOUR, QUARTER) if self.is_window else (DAY, QUARTER)

    def statement(self, parts: Sequence[Span]) -> tuple[str, dict[str, Any]]:
        values: dict[str, Any] = {"dimension": self._dimension, "accounts": sorted(self._accounts or ())}
        condition = " AND ".join(self._conditions(values))
        rows = " UNION ALL ".join(
            self._of_grain(grain, list(some), condition, values) for grain, some in _by_grain(parts)
        )
        groups = "".join(f", {self._value(dimension)} AS by{at}" for at, dimension in enumerate(self._question.by))
        numbers = ", ".join(map(str, range(1, len(self._question.by) + 2)))
        asked = [SUMS, ERRORS]
        if self._question.distributions:
            asked += [f"sum_buckets(x.{name}) AS {name}" for name in SKETCHES]
        return (
            f"SELECT x.step{groups}, {', '.join(asked)} FROM ({rows}) AS x GROUP BY {numbers} ORDER BY {numbers}",
            values,
        )

    def _of_grain(self, grain: int, some: Sequence[Span], condition: str, values: dict[str, Any]) -> str:
        values |= {
            f"step{grain}": [span.step for span in some],
            f"since{grain}": [span.since for span in some],
            f"until{grain}": [span.until for span in some],
        }
        return f"""
            SELECT s.step, x.* FROM unnest(%(step{grain})s::timestamptz[], %(since{grain})s::timestamptz[],
                %(until{grain})s::timestamptz[]) AS s (step, since, until)
            JOIN {self._table} x ON x.grain = {grain} AND x.start >= s.since AND x.start < s.until AND {condition}
        """

    def _conditions(self, values: dict[str, Any]) -> Iterator[str]:
        question = self._question
        if self._accounts is not None:
            yield "x.account_id = ANY (%(accounts)s)"
        elif self.is_window and "account" not in question.by:
            yield "x.account_id = 0"
        else:
            yield "x.account_id <> 0"
        if self.is_window:
            yield "x.dimension = %(dimension)s"
        if question.traffic != "both":
            yield "x.is_sandbox" if question.traffic == "sandbox" else "NOT x.is_sandbox"
        for dimension, wanted in question.where.items():
            if dimension != "account":
                values[f"where_{dimension}"] = list(wanted)
                yield f"{self._value(dimension)} = ANY (%(where_{dimension})s)"

    def _value(self, dimension: Dimension) -> str:
        if dimension == "account":
            return "x.account_id::text"
        if not self.is_window:
            return f'x."{dimension}"'
        return VALUES[dimension] if self._dimension == FLOW else "x.value"


def _by_grain(parts: Sequence[Span]) -> Iterator[tuple[int, Iterator[Span]]]:
    yield from groupby(sorted(parts, key=lambda span: span.grain), lambda span: span.grain)


def _row(question: Question, zone: ZoneInfo, row: Sequence[Any]) -> Row:
    start, group, figures = row[0], row[1 : len(question.by) + 1], row[len(question.by) + 1 :]
    return Row(
        group=tuple(group),
        start=start.astimezone(zone) if question.step else None,
        figures=_figures(dict(zip((*MEASURES, "errors", *SKETCHES), figures, strict=False))),
    )


def _figures(values: dict[str, Any]) -> Figures:
    values["satisfaction"] /= SATISFIED
    values["errors"] = json.loads(values["errors"] or "{}")
    return Figures(**{**values, **{name: sketches.unpacked(values.get(name) or ()) for name in SKETCHES}})
