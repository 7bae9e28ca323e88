"""An account in its running period against the one before: figures with their days, what routing saved, what keys spent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from analytics.dashboards import pages, ranges
from analytics.dashboards.charts import axes, lines
from analytics.dashboards.measures import MEASURES, Measure, whole
from analytics.dashboards.tiles import saved
from analytics.dashboards.tiles.parts import Delta, delta, tone, written
from analytics.dashboards.tiles.saved import Baseline
from analytics.dashboards.types import Seen, Tile, View
from analytics.windows import reading
from analytics.windows.types import Answer, Figures, Step
from budgets import formats
from budgets.money import MINUS, rounded

WORDS: Mapping[str, str] = {
    "requests": "Requests", "success": "Success", "latency": "Mean answer time", "per_request": "Mean cost per request",
}  # fmt: skip
"""By measure, in the order of the tiles."""
MAX_SOURCES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A tile: a figure, how it differs from the period before, and both as lines."""

    word: str
    figure: str
    delta: Delta
    now: lines.Line
    before: lines.Line


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where some of what was saved came from."""

    task: str
    requests: str
    saved: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Savings:
    figure: str
    against: str
    """How much that is of what, in words."""
    baselines: tuple[Baseline, ...]
    """What was paid, then what else it would have cost."""
    sources: tuple[Source, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountPeriod:
    dates: str
    before: str
    figures: tuple[Figure, ...]
    savings: Savings | None
    """None where nothing was compared yet."""
    keys: Mapping[str, str]
    """What each key spent, by its id."""
    is_sandbox: bool


def of_account(account_id: int, since: datetime, before: datetime, now: datetime, zone: str) -> AccountPeriod:
    """The period from `since` until now, and as much of the one that began at `before`, on the account's clock."""
    view = pages.with_traffic(View(
        since=since, until=max(ranges.whole(now.astimezone(since.tzinfo)), since + ranges.GRAIN), now=now, zone=zone,
        accounts=frozenset([account_id]),
    ))  # fmt: skip
    earlier = replace(view, since=before, until=min(before + (view.until - view.since), since))
    told, past = (reading.ask(each.question(step=view.step)) for each in (view, earlier))
    return AccountPeriod(
        dates=ranges.words(view), before=ranges.words(earlier), figures=_figures((view, told), (earlier, past)),
        savings=_savings(view, told), keys=_keys(view), is_sandbox=view.traffic == "sandbox",
    )  # fmt: skip


def _figures(now: tuple[View, Answer], before: tuple[View, Answer]) -> tuple[Figure, ...]:
    totals = whole(now[1]), whole(before[1])
    return tuple(
        Figure(
            word=word, figure=written(MEASURES[name], totals[0]), delta=_delta(MEASURES[name], *totals),
            **_sparks(MEASURES[name], now, before),
        )
        for name, word in WORDS.items()
    )  # fmt: skip


def _delta(measure: Measure, now: Figures, before: Figures) -> Delta:
    """Of shares in points, of times in time, of all else in per cent."""
    value, past = measure.of(now), measure.of(before)
    if value is None or past is None or measure.name not in {"success", "latency"}:
        return delta(value, past, measure.better)
    if measure.name == "success":
        return Delta(text=formats.points(value, past), tone=tone(value - past, measure.better))
    sign = "+" if value > past else MINUS
    return Delta(text=f"{sign}{formats.duration(abs(value - past))}", tone=tone(value - past, measure.better))


def _sparks(measure: Measure, *periods: tuple[View, Answer]) -> dict[str, lines.Line]:
    step = periods[0][0].step
    values = [_values(measure, view, answer, step) for view, answer in periods]
    count, most = max(map(len, values)), max((each or 0 for one in values for each in one), default=0) or 1
    padded = [one + [None] * (count - len(one)) for one in values]
    return {
        name: lines.line(css, measure.word, one, most * 1.1)
        for name, css, one in zip(("now", "before"), ("l1", "ghost"), padded, strict=True)
    }  # fmt: skip


def _values(measure: Measure, view: View, answer: Answer, step: Step) -> list[float | None]:
    """One for each step; of sums 0 where there was no request, but nothing at all of a period without any."""
    by_start = {row.start: measure.of(row.figures) for row in answer.rows}
    empty = 0.0 if measure.adds_up and answer.rows else None
    return [by_start.get(start, empty) for start in axes.columns(view.since, view.until, step)]


def _savings(view: View, told: Answer) -> Savings | None:
    figures = whole(told)
    if not figures.compared_nano:
        return None
    drawn = saved.draw(Seen(tile=Tile(kind="saved"), view=view, answers={"now": told}, names={}, links=lambda _: ""))
    field = "asked_nano" if figures.asked_nano > figures.compared_nano else "best_nano"
    would_be = getattr(figures, field)
    less = would_be - figures.compared_nano
    share = formats.percent(abs(less), would_be)
    return Savings(
        figure=rounded(less), against=f"{share} {'under' if less >= 0 else 'over'} {saved.WORDS[field]}",
        baselines=(drawn.paid, *drawn.baselines), sources=tuple(_sources(view, field)),
    )  # fmt: skip


def _sources(view: View, field: str) -> Sequence[Source]:
    """The kinds of tasks that saved most."""
    rows = reading.ask(view.question("category", "complexity")).rows
    found = [(getattr(row.figures, field) - row.figures.compared_nano, row) for row in rows]
    most = sorted(found, key=lambda each: (-each[0], each[1].group))[:MAX_SOURCES]
    return [
        Source(
            task=", ".join(filter(None, row.group)), saved=f"{MINUS}{rounded(less)}",
            requests=f"{formats.count(row.figures.requests)} request{'' if row.figures.requests == 1 else 's'}",
        )
        for less, row in most if less > 0
    ]  # fmt: skip


def _keys(view: View) -> Mapping[str, str]:
    rows = reading.ask(view.question("key")).rows
    return {row.group[0]: rounded(row.figures.cost_nano) for row in rows}
