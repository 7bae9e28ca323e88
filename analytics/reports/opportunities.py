"""Where a cheaper model does as well: see comparing.py for the rules, and docs/reports.md."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from analytics.reports import measures
from analytics.reports.asking import ask
from analytics.reports.comparing import MARGIN, MIN_FINISHED, Compared, Days, compared
from analytics.reports.types import Opportunities, Opportunity
from analytics.windows import names
from analytics.windows.types import Dimension, Figures, Question, Row

BY: tuple[Dimension, ...] = ("account", "task_type", "category", "complexity")
"""Groups of like requests: within one, models are compared."""
MAX_GROUPS = 500
"""The dearest so many groups are looked at day by day."""
Group = tuple[str, ...]


def opportunities(question: Question) -> Opportunities:
    """Of the question's range, accounts and filters, whatever it is grouped by. Raises ValidationError."""
    plain = replace(question, by=(*BY, "model"), step=None, distributions=False)
    answer = ask(plain)
    groups = _with_a_choice(answer.rows)
    found, comparisons = compared(_day_by_day(plain, groups)) if groups else ({}, 0)
    told = [(group, each) for group, several in found.items() for each in several]
    told.sort(key=lambda each: (-each[1].saving_nano[0], each[0]))
    return Opportunities(
        question=question, found=_named(told), comparisons=comparisons, margin=MARGIN, as_of=answer.as_of
    )


def _with_a_choice(rows: Sequence[Row]) -> list[Group]:
    """Groups that more than one model answered often enough, the dearest first."""
    models: dict[Group, int] = defaultdict(int)
    cost: dict[Group, int] = defaultdict(int)
    for row in rows:
        models[row.group[:-1]] += _finished(row.figures)[1] >= MIN_FINISHED
        cost[row.group[:-1]] += row.figures.cost_nano
    chosen = [group for group, count in models.items() if count > 1]
    return sorted(chosen, key=lambda group: (-cost[group], group))[:MAX_GROUPS]


def _day_by_day(plain: Question, groups: Sequence[Group]) -> dict[Group, list[Days]]:
    where = {name: tuple(dict.fromkeys(group[at] for group in groups)) for at, name in enumerate(BY)}
    rows = ask(replace(plain, step="day", where={**plain.where, **where})).rows
    wanted = set(groups)
    days: dict[Group, dict[str, list[Figures]]] = {group: defaultdict(list) for group in groups}
    for row in rows:
        if row.group[:-1] in wanted and _answered(row.figures):
            days[row.group[:-1]][row.group[-1]].append(row.figures)
    return {group: [_days(model, each) for model, each in by_model.items()] for group, by_model in days.items()}


def _days(model: str, days: Sequence[Figures]) -> Days:
    successes, finished = (sum(each) for each in zip(*map(_finished, days), strict=True))
    return Days(
        model=model, requests=[_answered(each) for each in days], cost_nano=[each.cost_nano for each in days],
        finished=finished, successes=successes,
    )  # fmt: skip


def _answered(figures: Figures) -> int:
    """What a model was called for: the cache costs nothing, and succeeds always."""
    return measures.called(figures) - figures.cached


def _finished(figures: Figures) -> tuple[int, int]:
    """Successes, and of how many."""
    return figures.successes - figures.cached, measures.finished(figures) - figures.cached


def _named(told: Sequence[tuple[Group, Compared]]) -> tuple[Opportunity, ...]:
    labels = {name: names.labels(name, (group[at] for group, _ in told)) for at, name in enumerate(BY)}
    return tuple(
        Opportunity(
            group=dict(zip(BY, group, strict=True)),
            labels={name: labels[name][value] for name, value in zip(BY, group, strict=True)},
            used=each.used.side(), cheaper=each.cheaper.side(), success_difference=each.success_difference,
            saving_per_request_nano=each.saving_per_request_nano, saving_nano=each.saving_nano,
        )
        for group, each in told
    )  # fmt: skip
