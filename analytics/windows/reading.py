"""Reading the roll-ups: one bounded statement a question, which never looks at the records."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connections
from django.utils.timezone import now

from analytics.models import Watermark
from analytics.models.windows import BEGINNING as NOTHING_YET
from analytics.windows import sketches
from analytics.windows.measures import ALL, DIMENSIONS, FLOW, MEASURES, SATISFIED, SKETCHES, TAG
from analytics.windows.statements import COLUMN_NAMES, SUMS, has_window
from analytics.windows.steps import DAY, FIVE, FIVE_MINUTES_KEPT, HOUR, QUARTER, Span, is_whole, spans
from analytics.windows.types import Answer, Dimension, Figures, Order, Question, Row
from routerhub.replica import read_alias
from routerhub.tenancy import scope

ORDERS: Mapping[Order, str] = {
    **{name: f"sum(x.{name})" for name in ("requests", "failures", "input_tokens", "output_tokens")},
    "cost": "sum(x.cost_nano)", "latency": "sum(x.latency_ms) / nullif(sum(x.timed), 0)", "name": "0",
}  # fmt: skip
MAX_ROWS = 50_000
"""Of one answer."""
ERRORS = "sum_errors(jsonb_agg(x.errors) FILTER (WHERE x.errors IS NOT NULL)) AS errors"
VALUES = {
    "category": "split_part(x.value, '>', 1)",
    "model": "substr(x.value, strpos(x.value, '>') + 1)",
}
"""Of the dimension that is both."""


def ask(question: Question) -> Answer:
    """The figures. Raises ValueError, naming the field of the question."""
    zone = _checked(question)
    source, as_of = _Source(question), _as_of()
    if source.is_nobody:
        return Answer(rows=(), as_of=as_of)
    parts = list(spans(question.since, question.until, question.step, zone, source.grains))
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(*source.statement(parts))
        rows = [_row(question, zone, row) for row in cursor.fetchall()]
    if len(rows) > MAX_ROWS:
        raise ValueError(f"by: the answer has more than {MAX_ROWS:,} rows; name top, fewer dimensions or longer steps.")
    return Answer(rows=tuple(rows), as_of=as_of)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """A page of groups by one figure of theirs, and how many groups there are in all."""

    groups: tuple[tuple[str, ...], ...]
    count: int


def rank(question: Question, order: Order, limit: int, offset: int = 0) -> Ranked:
    """The groups that have most, whatever steps the question has; equal ones by name. It costs little of what all their figures
    would, and nothing is read of a group that is not among them. Raises ValueError, naming the field."""
    whole = replace(question, step=None, distributions=False, top=None)
    zone = _checked(whole)
    source = _Source(whole)
    if source.is_nobody or not whole.by:
        return Ranked(groups=(), count=0)
    parts = list(spans(whole.since, whole.until, None, zone, source.grains))
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(*source.ranking(parts, ORDERS[order], limit, offset))
        rows = cursor.fetchall()
    return Ranked(groups=tuple(tuple(row[2:]) for row in rows if row[1]), count=rows[0][0])


def _as_of() -> datetime:
    return Watermark.objects.using(read_alias()).values_list("as_of", flat=True).first() or NOTHING_YET


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
    if question.step == "5min" and question.since < now() - FIVE_MINUTES_KEPT:
        raise ValueError(
            f"since: figures of 5 minutes are kept for {FIVE_MINUTES_KEPT.days} days; {question.since} is before."
        )
    if question.since >= question.until:
        raise ValueError(f"until: {question.until} is not after since, {question.since}.")
    if question.accounts is None and not scope.current().is_system:
        raise ValueError("accounts: the figures of all accounts are for staff; name the accounts.")
    if question.top is not None and question.top < 1:
        raise ValueError(f"top: {question.top} is not from 1 on.")
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
        self._is_single = len(named) <= 1 or named == {"category", "model"}
        self._dimension = FLOW if len(named) == 2 else next(iter(named), ALL)
        self._accounts = question.accounts
        if "account" in question.where:
            chosen = {int(value) for value in question.where["account"] if value.isdigit()}
            self._accounts = frozenset(chosen if self._accounts is None else chosen & self._accounts)
        self._is_site = self._accounts is None and "account" not in question.by
        self.is_nobody = self._accounts is not None and not self._accounts
        self.grains = (FIVE,) if question.step == "5min" else tuple(filter(self._is_kept, (DAY, HOUR, QUARTER)))

    def _has_window(self, grain: int) -> bool:
        return self._is_single and has_window(grain, self._is_site, self._dimension)

    def _is_kept(self, grain: int) -> bool:
        """Of hours there are windows alone."""
        return grain != HOUR or self._has_window(grain)

    def _rows(self, parts: Sequence[Span]) -> tuple[str, dict[str, Any]]:
        values: dict[str, Any] = {"dimension": self._dimension, "accounts": sorted(self._accounts or ())}
        values |= {f"where_{dimension}": list(wanted) for dimension, wanted in self._question.where.items()}
        rows = " UNION ALL ".join(self._of_grain(grain, list(some), values) for grain, some in _by_grain(parts))
        return rows, values

    def ranking(self, parts: Sequence[Span], figure: str, limit: int, offset: int) -> tuple[str, dict[str, Any]]:
        """Rows of: how many groups there are, whether a group follows, the group."""
        rows, values = self._rows(parts)
        group = ", ".join(f"by{at}" for at, _ in enumerate(self._question.by))
        return (
            f"""
            WITH found AS MATERIALIZED (SELECT {group}, {figure} AS figure FROM ({rows}) AS x GROUP BY {group})
            SELECT whole.count, page.by0 IS NOT NULL, {group} FROM (SELECT count(*) FROM found) AS whole LEFT JOIN (
                SELECT * FROM found ORDER BY figure DESC NULLS LAST, {group} LIMIT {limit:d} OFFSET {offset:d}
            ) AS page ON true ORDER BY figure DESC NULLS LAST, {group}
        """,
            values,
        )

    def statement(self, parts: Sequence[Span]) -> tuple[str, dict[str, Any]]:
        rows, values = self._rows(parts)
        groups = "".join(f", by{at}" for at, _ in enumerate(self._question.by))
        numbers = ", ".join(map(str, range(1, len(self._question.by) + 2)))
        asked = [SUMS, ERRORS]
        if self._question.distributions:
            asked += [f"sum_buckets(x.{name}) AS {name}" for name in SKETCHES]
        sums = f"SELECT x.step{groups}, {', '.join(asked)} FROM ({rows}) AS x GROUP BY {numbers}"
        return f"SELECT * FROM ({self._topmost(sums)}) AS y ORDER BY {numbers} LIMIT {MAX_ROWS + 1}", values

    def _of_grain(self, grain: int, some: Sequence[Span], values: dict[str, Any]) -> str:
        """The rows of a grain, each with its step: of a whole range, or where that has large gaps, looked up for each span."""
        values |= {
            f"step{grain}": [span.step for span in some],
            f"edges{grain}": [edge for span in some for edge in (span.since, span.until)],
            f"since{grain}": [span.since for span in some],
            f"until{grain}": [span.until for span in some],
        }
        is_window = self._has_window(grain)
        table = "analytics_window" if is_window else "analytics_cross"
        groups = "".join(f", {self._value(each, is_window)} AS by{at}" for at, each in enumerate(self._question.by))
        rows = f"{table} x WHERE {' AND '.join([f'x.grain = {grain}', *self._conditions(is_window)])}"
        if _has_gaps(some):
            return f"""
                SELECT s.step, x.* FROM unnest(%(step{grain})s::timestamptz[], %(since{grain})s::timestamptz[],
                    %(until{grain})s::timestamptz[]) AS s (step, since, until)
                CROSS JOIN LATERAL (
                    SELECT {COLUMN_NAMES}{groups} FROM {rows} AND x.start >= s.since AND x.start < s.until OFFSET 0
                ) AS x
            """
        edge = f"width_bucket(x.start, %(edges{grain})s::timestamptz[])"
        return f"""
            SELECT (%(step{grain})s::timestamptz[])[({edge} + 1) / 2] AS step, {COLUMN_NAMES}{groups}
            FROM {rows} AND x.start >= (%(since{grain})s::timestamptz[])[1]
             AND x.start < (%(until{grain})s::timestamptz[])[{len(some)}] AND {edge} %% 2 = 1
        """

    def _conditions(self, is_window: bool) -> Iterator[str]:
        if self._accounts is not None:
            yield "x.account_id = ANY (%(accounts)s)"
        elif is_window:
            yield "x.account_id = 0" if self._is_site else "x.account_id <> 0"
        if is_window:
            yield "x.dimension = %(dimension)s"
        if self._question.traffic != "both":
            yield "x.is_sandbox" if self._question.traffic == "sandbox" else "NOT x.is_sandbox"
        for dimension in self._question.where:
            if dimension != "account":
                yield f"{self._value(dimension, is_window)} = ANY (%(where_{dimension})s)"

    def _value(self, dimension: Dimension, is_window: bool) -> str:
        if dimension == "account":
            return "x.account_id::text"
        if not is_window:
            return f'x."{dimension}"'
        return VALUES[dimension] if self._dimension == FLOW else "x.value"

    def _topmost(self, sums: str) -> str:
        """The rows of the groups that are asked for."""
        question = self._question
        if question.top is None or not question.by:
            return sums
        group = ", ".join(f"by{at}" for at in range(len(question.by)))
        totals = ", ".join(
            f"sum({name}) OVER (PARTITION BY {group}) AS whole_{name}" for name in ("cost_nano", "requests")
        )
        place = f"dense_rank() OVER (ORDER BY whole_cost_nano DESC, whole_requests DESC, {group}) AS place"
        return (
            f"SELECT * FROM (SELECT *, {place} FROM (SELECT *, {totals} FROM ({sums}) AS a) AS b) AS c"
            f" WHERE place <= {question.top:d}"
        )


def _has_gaps(some: Sequence[Span]) -> bool:
    """Whether more lies between these spans than in them."""
    return 2 * sum((span.until - span.since for span in some), timedelta()) < some[-1].until - some[0].since


def _by_grain(parts: Sequence[Span]) -> Iterator[tuple[int, Iterator[Span]]]:
    yield from groupby(sorted(parts, key=lambda span: span.grain), lambda span: span.grain)


def _row(question: Question, zone: ZoneInfo, row: Sequence[Any]) -> Row:
    start, group, figures = row[0], row[1 : len(question.by) + 1], row[len(question.by) + 1 :]
    names = (*MEASURES, "errors", *(SKETCHES if question.distributions else ()))
    return Row(
        group=tuple(group),
        start=start.astimezone(zone) if question.step else None,
        figures=_figures(dict(zip(names, figures, strict=False))),
    )


def _figures(values: dict[str, Any]) -> Figures:
    values["satisfaction"] /= SATISFIED
    values["errors"] = json.loads(values["errors"] or "{}")
    for name in SKETCHES:
        if packed := values.pop(name, None):
            values[name] = sketches.unpacked(packed)
    return Figures(**values)
