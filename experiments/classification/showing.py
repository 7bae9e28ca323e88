"""What the page of how prompts are read shows: sentences, charts and tables. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from analytics.dashboards.charts import axes, stack
from analytics.dashboards.charts.axes import Tick
from analytics.dashboards.charts.stack import Series, Stack
from analytics.dashboards.tiles.parts import GREY, Table
from analytics.dashboards.types import View
from analytics.windows.steps import after
from autorouter.types import Reader
from budgets import formats
from budgets.money import rounded
from budgets.types import NANO
from experiments.classification.types import (
    ORIGINS,
    Bin,
    Classification,
    EncoderStatus,
    Origin,
    Share,
    Summary,
)

NAMES: dict[str, str] = {
    "table": "Table", "encoder": "Encoder", "model": "Router model", "given": "Given by the caller",
}  # fmt: skip
COLOURS: dict[Origin, int] = {"table": 1, "encoder": 2, "model": 3, "given": GREY}
SURE = 0.7
"""From here on a confidence is called sure."""
MAX_FLOWS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderRow:
    name: str
    colour: int
    requests: str
    share: str
    asked: str
    """For which share of the requests that were read; the table is asked for all."""
    wait: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """A share of requests with its interval, as a bar from 0 to 100 %."""

    name: str
    share: str
    between: str
    of: str
    left: float
    width: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    before: str
    after: str
    requests: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CauseRow:
    name: str
    why: str
    requests: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassificationPage:
    is_empty: bool
    requests: str
    sampled: str
    """Of how many they are a sample; empty: they are all."""
    readers: tuple[ReaderRow, ...]
    read: tuple[ReaderRow, ...]
    """Those who read any."""
    given: str
    """Which share came with its category; empty: none."""
    over_time: Stack
    over_time_table: Table
    confidence: Stack
    confidence_table: Table
    without_confidence: str
    sure: str
    satisfied: str
    """How satisfied people were where the category was sure, and where not; empty: nobody said so of both."""
    agreement: tuple[Band, ...]
    effects: tuple[Band, ...]
    """Which share got another category, and another model."""
    effect_since: str
    cost_change: str
    flows: tuple[Moved, ...]
    questions: str
    cost: str
    per_question: str
    """Empty: none was asked."""
    question_times: str
    causes: tuple[CauseRow, ...]
    encoder: EncoderStatus


def page(found: Classification, view: View) -> ClassificationPage:
    summary, report, questions = found.summary, found.effect.report, found.questions
    effects = (
        ("Another category than the table alone", summary.other_category),
        ("Another model, decided once more", Share(count=report.moved, of=report.requests)),
    )
    since = found.effect.since
    readers = tuple(_reader(summary, origin) for origin in ORIGINS)
    return ClassificationPage(
        is_empty=not summary.requests, requests=f"{summary.requests:,}",
        sampled="" if found.is_whole else f"{found.total:,}",
        readers=readers,
        read=tuple(row for row, origin in zip(readers, ORIGINS, strict=True) if summary.by[origin] and origin != "given"),
        given=readers[-1].share if summary.by["given"] else "",
        over_time=_over_time(summary, view), over_time_table=_over_time_table(summary, view),
        confidence=_confidence(summary.bins), confidence_table=_confidence_table(summary.bins),
        without_confidence=f"{summary.without_confidence:,}", sure=_sure(summary), satisfied=_satisfied(summary.bins),
        agreement=tuple(
            _band(f"{NAMES[each.one]} and {NAMES[each.other].lower()}", each.category) for each in summary.agreement
        ),
        effects=tuple(_band(*each) for each in effects if each[1].of),
        effect_since=formats.ago(view.local(since), view.local(view.now)) if since else "",
        cost_change=_money(report.cost_usd.mean),
        flows=tuple(
            Moved(before=each.before or "no model", after=each.after or "no model", requests=f"{each.requests:,}")
            for each in report.flows[:MAX_FLOWS]
        ),
        questions=f"{questions.requests:,}", cost=rounded(questions.cost_nano),
        per_question=rounded(round(questions.cost_nano / questions.requests)) if questions.requests else "",
        question_times=_times(questions.mean_ms, questions.p95_ms),
        causes=tuple(
            CauseRow(name=NAMES[each.reader], why=each.why, requests=f"{each.requests:,}") for each in summary.causes
        ),
        encoder=found.encoder,
    )  # fmt: skip


def _reader(summary: Summary, origin: Origin) -> ReaderRow:
    asked, wait = (None, None) if origin == "given" else (summary.asked.get(origin), summary.waits.get(origin))
    return ReaderRow(
        name=NAMES[origin], colour=COLOURS[origin], requests=f"{summary.by[origin]:,}",
        share=formats.percent(summary.by[origin], summary.requests),
        asked=formats.percent(asked.count, asked.of) if asked else "",
        wait=_times(wait.mean_ms, wait.p95_ms) if wait else formats.NOTHING,
    )  # fmt: skip


def _times(mean_ms: float | None, p95_ms: float | None) -> str:
    if mean_ms is None or p95_ms is None:
        return formats.NOTHING
    return f"{formats.duration(mean_ms)} mean, 95{formats.THIN}% within {formats.duration(p95_ms)}"


def _band(name: str, each: Share) -> Band:
    low, high = each.interval
    return Band(
        name=name, share=formats.percent(each.count, each.of), of=f"{each.of:,}",
        between=f"{100 * low:.0f} to {100 * high:.0f}{formats.THIN}%" if each.of else "",
        left=round(100 * low, 1), width=round(100 * (high - low), 1) if each.of else 0,
    )  # fmt: skip


def _over_time(summary: Summary, view: View) -> Stack:
    starts = axes.columns(view.since, view.until, view.step)
    points = {each.start: each.requests for each in summary.points}
    series = [
        Series(
            name=NAMES[origin], colour=COLOURS[origin], values=[_part(points.get(start), origin) for start in starts]
        )
        for origin in ORIGINS
    ]
    words = [
        f"{axes.CAPTIONS[view.step](start)}: "
        + "; ".join(
            f"{NAMES[origin]} {formats.percent(count, sum(points[start].values()))}"
            for origin, count in points.get(start, {}).items() if count
        )
        for start in starts
    ]  # fmt: skip
    top, ticks = axes.heights(100, _percent)
    is_under_way = bool(starts) and after(starts[-1], view.step) > view.now
    return Stack(
        label=f"Who read the prompts per {view.step}, in per cent of that {view.step}'s requests.",
        layers=stack.layers(series, top, is_under_way), marks=(), hits=stack.hits(words), y_ticks=ticks,
        x_ticks=axes.dates(starts, view.step, view.local(view.now)),
    )  # fmt: skip


def _part(requests: object, origin: Origin) -> float:
    if not isinstance(requests, dict) or not (whole := sum(requests.values())):
        return 0.0
    return float(100 * requests[origin] / whole)


def _percent(value: float) -> str:
    return f"{value:.0f}{formats.THIN}%"


def _over_time_table(summary: Summary, view: View) -> Table:
    rows = [
        (
            axes.CAPTIONS[view.step](each.start.astimezone(ZoneInfo(view.zone))),
            *(f"{each.requests[name]:,}" for name in ORIGINS),
        )
        for each in summary.points
    ]
    head = (view.step.capitalize(), *(NAMES[name] for name in ORIGINS))
    return Table(caption=f"Requests by who read them, per {view.step}", head=head, rows=tuple(rows))


def _confidence(bins: Sequence[Bin]) -> Stack:
    readers: tuple[Reader, ...] = ("table", "encoder")
    series = [Series(name=NAMES[each], colour=COLOURS[each], values=[bin.by[each] for bin in bins]) for each in readers]
    top, ticks = axes.heights(max((bin.requests for bin in bins), default=0), lambda value: f"{value:,.0f}")
    words = [f"{_between(bin)} sure: {bin.requests:,} requests{_rated(bin)}" for bin in bins]
    return Stack(
        label="Requests by how likely their category was held to be.", layers=stack.layers(series, top, False), marks=(),
        hits=stack.hits(words), y_ticks=ticks,
        x_ticks=tuple(Tick(at=at, text=_percent(at), is_optional=bool(at % 20)) for at in range(0, 100, 10)),
    )  # fmt: skip


def _between(bin: Bin) -> str:
    return f"{100 * bin.low:.0f} to {100 * bin.high:.0f}{formats.THIN}%"


def _rated(bin: Bin) -> str:
    return f"; satisfaction {bin.satisfaction:.2f} of {bin.rated:,} rated" if bin.satisfaction is not None else ""


def _confidence_table(bins: Sequence[Bin]) -> Table:
    rows = [
        (
            _between(bin),
            f"{bin.by['table']:,}",
            f"{bin.by['encoder']:,}",
            f"{bin.rated:,}",
            formats.NOTHING if bin.satisfaction is None else f"{bin.satisfaction:.2f}",
        )
        for bin in bins
    ]
    head = ("Confidence", NAMES["table"], NAMES["encoder"], "Rated", "Satisfaction")
    return Table(caption="Requests by confidence", head=head, rows=tuple(rows))


def _sure(summary: Summary) -> str:
    known = sum(bin.requests for bin in summary.bins)
    return formats.percent(sum(bin.requests for bin in summary.bins if bin.low >= SURE), known)


def _satisfied(bins: Sequence[Bin]) -> str:
    sure, unsure = (
        _mean([bin for bin in bins if (bin.low >= SURE) == is_sure]) for is_sure in (True, False)
    )  # fmt: skip
    if sure is None or unsure is None:
        return ""
    return f"{sure:.2f} where it was surer than {100 * SURE:.0f}{formats.THIN}%, {unsure:.2f} where it was less sure"


def _mean(bins: Sequence[Bin]) -> float | None:
    rated = sum(bin.rated for bin in bins)
    return sum(bin.rated * (bin.satisfaction or 0) for bin in bins) / rated if rated else None


def _money(usd: float) -> str:
    nano = round(usd * NANO)
    return f"{'+' if nano > 0 else ''}{rounded(nano)}"
