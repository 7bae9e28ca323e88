"""How groups of requests did, and what they cost: out of the roll-ups, a page of groups at a time.

However many groups there are, the answer has at most `page.limit` of them, and the others as one. The queries are as many for one
group as for all: the whole range, the groups, what the page's groups did in detail, and the same of the period before.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError

from analytics.reports import measures
from analytics.reports.adding import total, without
from analytics.reports.asking import ask
from analytics.reports.ranges import before, steps_in
from analytics.reports.types import Group, Order, Page, Point, Report
from analytics.windows import names
from analytics.windows.types import Answer, Figures, Question, Row

FIRST = Page()
MAX_GROUP_BY, MAX_LIMIT, MAX_POINTS = 3, 1_000, 20_000
Values = tuple[str, ...]
Found = Mapping[Values, Figures]
MOST: Mapping[Order, Callable[[Figures], float]] = {
    "requests": lambda figures: figures.requests,
    "cost": lambda figures: figures.cost_nano,
    "failures": lambda figures: figures.failures,
    "latency": lambda figures: measures.mean_latency_ms(figures) or 0.0,
    "input_tokens": lambda figures: figures.input_tokens,
    "output_tokens": lambda figures: figures.output_tokens,
    "name": lambda figures: 0,
}


def performance(question: Question, page: Page = FIRST) -> Report:
    """Raises ValidationError, which names the field, where something is asked for that there is not, or too much of it."""
    check(question, page)
    whole = ask(replace(question, by=()))
    groups = _by_group(ask(_plain(question)).rows) if question.by else {}
    order = sorted(groups, key=lambda values: (-MOST[page.order](groups[values]), values))
    chosen = order[page.offset : page.offset + page.limit]
    found = _detailed(question, chosen, groups)
    earlier, earlier_groups = _earlier(question, chosen) if page.compare else (None, {})
    everything = _group((), (), whole.rows, earlier, question)
    told = [
        _group(values, labels, found[values], earlier_groups.get(values, Figures()) if page.compare else None, question)
        for values, labels in zip(chosen, _labels(question, chosen), strict=True)
    ]
    return Report(
        question=question, page=page, groups=tuple(told), others=_others(everything, told, question, len(order)),
        total=everything, count=len(order), as_of=whole.as_of,
    )  # fmt: skip


def check(question: Question, page: Page) -> None:
    """Raises ValidationError."""
    if len(question.by) > MAX_GROUP_BY or len(set(question.by)) < len(question.by):
        raise ValidationError({"group_by": f"{', '.join(question.by)}: name at most {MAX_GROUP_BY}, each once."})
    if not question.since < question.until:
        raise ValidationError({"until": f"{question.until} is not after since, {question.since}."})
    if not 1 <= page.limit <= MAX_LIMIT:
        raise ValidationError({"limit": f"{page.limit} is not a whole number from 1 to {MAX_LIMIT:,}."})
    if (points := steps_in(question) * (page.limit if question.by else 1)) > MAX_POINTS:
        found = f"{question.step} makes up to {points:,} figures of this range, more than {MAX_POINTS:,}"
        raise ValidationError({"step": f"{found}: take longer steps, a lower limit or fewer days."})


def _plain(question: Question) -> Question:
    """Of the whole range at once, without what costs more."""
    return replace(question, step=None, distributions=False)


def _by_group(rows: Sequence[Row]) -> dict[Values, Figures]:
    return {row.group: row.figures for row in rows}


def _narrowed(question: Question, chosen: Sequence[Values]) -> Question:
    """Of these groups alone, and, where they are of several dimensions, of some that have a value of each."""
    values = {name: tuple(dict.fromkeys(each[at] for each in chosen)) for at, name in enumerate(question.by)}
    return replace(question, where={**question.where, **values})


def _detailed(question: Question, chosen: Sequence[Values], groups: Found) -> Mapping[Values, Sequence[Row]]:
    """The rows of each chosen group, step by step and with times, as far as they are asked for."""
    if not chosen or (question.step is None and not question.distributions):
        return {values: [Row(group=values, figures=groups[values])] for values in chosen}
    found: dict[Values, list[Row]] = {values: [] for values in chosen}
    for row in ask(_narrowed(question, chosen)).rows:
        if row.group in found:
            found[row.group].append(row)
    return found


def _earlier(question: Question, chosen: Sequence[Values]) -> tuple[Figures, Found]:
    """Of the period before: everything, and the chosen groups."""
    earlier = _plain(before(question))
    whole: Answer = ask(replace(earlier, by=()))
    groups = _by_group(ask(_narrowed(earlier, chosen)).rows) if chosen else {}
    return total(row.figures for row in whole.rows), groups


def _group(values: Values, labels: Values, rows: Sequence[Row], earlier: Figures | None, question: Question) -> Group:
    points = [Point(start=row.start, figures=row.figures) for row in rows if row.start is not None]
    return Group(
        values=values, labels=labels, figures=total(row.figures for row in rows), before=earlier,
        points=tuple(points) if question.step else (),
    )  # fmt: skip


def _others(everything: Group, told: Sequence[Group], question: Question, count: int) -> Group | None:
    """What the whole has beside these groups; a request with several tags would be taken away several times."""
    if count <= len(told) or "tag" in question.by:
        return None
    by_start: dict[Any, list[Figures]] = {point.start: [] for point in everything.points}
    for group in told:
        for point in group.points:
            by_start[point.start].append(point.figures)
    earlier = [group.before for group in told if group.before is not None]
    return Group(
        values=(), labels=(), figures=without(everything.figures, (group.figures for group in told)),
        before=without(everything.before, earlier) if everything.before is not None else None,
        points=tuple(
            Point(start=each.start, figures=without(each.figures, by_start[each.start])) for each in everything.points
        ),
    )  # fmt: skip


def _labels(question: Question, chosen: Sequence[Values]) -> list[Values]:
    known = [names.labels(name, (values[at] for values in chosen)) for at, name in enumerate(question.by)]
    return [tuple(called[value] for called, value in zip(known, values, strict=True)) for values in chosen]
