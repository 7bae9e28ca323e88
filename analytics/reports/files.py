"""Reports as files: a line for each group, step by step where steps were asked for, and one for the others."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.http import StreamingHttpResponse

from analytics.exports.streaming import file_name, stream
from analytics.exports.types import About, Column
from analytics.reports import measures
from analytics.reports.telling import PARTS, QUANTILES, TOKENS
from analytics.reports.types import Group, Opportunities, Report, Side
from analytics.windows import sketches
from analytics.windows.names import NUMBERED
from analytics.windows.types import Figures, Question
from budgets.books.costs import Costs

OTHERS = "(all others)"
FIGURES = (
    *(Column(name=name, kind="integer") for name in (*PARTS, *TOKENS)),
    Column(name="cost_usd", kind="money", of="cost_nano"), Column(name="cache_saved_usd", kind="money", of="cache_saved_nano"),
    Column(name="mean_cost_usd", kind="money", of="mean_cost_nano"),
    *(Column(name=name, kind="number") for name in ("success", "fallback", "efficiency", "satisfaction")),
    Column(name="errors", kind="object"),
    *(Column(name=f"{name}_mean", kind="number") for name in ("latency_ms", "ttft_ms")),
)  # fmt: skip
TIMES = tuple(
    Column(name=f"{name}_p{100 * q:g}", kind="number") for name in ("latency_ms", "ttft_ms") for q in QUANTILES
)
SIDE = ("model", "requests", "success", "cost_nano")
OPPORTUNITY = (
    *(Column(name=name) for name in ("account", "task_type", "category", "complexity", "used_model", "cheaper_model")),
    *(Column(name=f"{side}_requests", kind="integer") for side in ("used", "cheaper")),
    *(Column(name=f"{side}_success", kind="number") for side in ("used", "cheaper")),
    *(Column(name=f"{side}_cost_per_request_usd", kind="money", of=f"{side}_cost_nano") for side in ("used", "cheaper")),
    *(Column(name=f"success_difference_{part}", kind="number") for part in ("estimate", "low", "high")),
    *(Column(name=f"saving_{part}_usd", kind="money", of=f"saving_{part}_nano") for part in ("estimate", "low", "high")),
)  # fmt: skip


def of_report(report: Report, format_name: str) -> StreamingHttpResponse:
    """Raises ValidationError for a format that there is not."""
    question = report.question
    names = [Column(name=name) for name in question.by]
    ids = [Column(name=f"{name}_id", kind="integer") for name in question.by if name in NUMBERED]
    start = [Column(name="start", kind="moment")] if question.step else []
    columns = [*names, *ids, *start, *FIGURES, *(TIMES if question.distributions else ())]
    return _file("performance", question, _lines(report), columns, format_name)


def _lines(report: Report) -> Iterator[dict[str, Any]]:
    told = report.groups if report.question.by else (report.total,)
    for group in (*told, *([report.others] if report.others else ())):
        named = _named(group, report.question)
        if not report.question.step:
            yield {**named, **_figures(group.figures)}
        for point in group.points:
            yield {**named, "start": point.start, **_figures(point.figures)}


def _named(group: Group, question: Question) -> dict[str, Any]:
    labels, values = group.labels or (OTHERS,) * len(question.by), group.values or ("",) * len(question.by)
    ids = {
        f"{name}_id": int(value) if value else None
        for name, value in zip(question.by, values, strict=True)
        if name in NUMBERED
    }
    return {**dict(zip(question.by, labels, strict=True)), **ids}


def _figures(figures: Figures) -> dict[str, Any]:
    mean = measures.mean_cost_nano(figures)
    times = {"latency_ms": figures.latencies, "ttft_ms": figures.first_token_times}
    return {
        **{name: getattr(figures, name) for name in (*PARTS, *TOKENS)},
        "cost_nano": figures.cost_nano, "cache_saved_nano": figures.cache_saved_nano,
        "mean_cost_nano": None if mean is None else round(mean), "success": measures.success(figures),
        "fallback": measures.fallback(figures), "efficiency": measures.efficiency(figures),
        "satisfaction": measures.satisfaction(figures), "errors": dict(figures.errors),
        "latency_ms_mean": measures.mean_latency_ms(figures), "ttft_ms_mean": measures.mean_ttft_ms(figures),
        **{f"{name}_p{100 * q:g}": sketches.quantile(each, q) for name, each in times.items() for q in QUANTILES},
    }  # fmt: skip


def of_opportunities(found: Opportunities, format_name: str) -> StreamingHttpResponse:
    """Raises ValidationError for a format that there is not."""
    rows = (
        {
            **each.labels, **_side("used", each.used), **_side("cheaper", each.cheaper),
            **_interval("success_difference_{}", each.success_difference),
            **_interval("saving_{}_nano", [round(value) for value in each.saving_nano]),
        }
        for each in found.found
    )  # fmt: skip
    return _file("opportunities", found.question, rows, OPPORTUNITY, format_name)


def _side(name: str, side: Side) -> dict[str, Any]:
    values = (side.model, side.requests, side.success, round(side.cost_per_request_nano))
    return {f"{name}_{part}": value for part, value in zip(SIDE, values, strict=True)}


def _interval(name: str, values: Sequence[float]) -> dict[str, float]:
    return {name.format(part): value for part, value in zip(("estimate", "low", "high"), values, strict=True)}


def of_costs(found: Costs, format_name: str) -> StreamingHttpResponse:
    """Of the ledger, to the last digit. Raises ValidationError for a format that there is not."""
    asked = found.asked
    names = [Column(name=name) for name in asked.group_by]
    figures = [
        Column(name=f"{name.removesuffix('_nano')}_usd", kind="money", of=name) if name.endswith("_nano")
        else Column(name=name, kind="integer")
        for name in found.total
    ]  # fmt: skip
    others = (
        [{**dict.fromkeys(asked.group_by, OTHERS), **dict.fromkeys(found.total), **found.others}]
        if found.others
        else []
    )
    about = About(title="Costs", zone=asked.zone.key, facts={"since": str(asked.since), "until": str(asked.until)})
    rows = [*(found.rows if asked.group_by else [found.total]), *others]
    return stream(rows, [*names, *figures], format_name, f"costs_{asked.since}_{asked.until}", about)


def _file(
    what: str, question: Question, rows: Iterator[Mapping[str, Any]], columns: Sequence[Column], format_name: str
) -> StreamingHttpResponse:
    facts = {"since": question.since.isoformat(), "until": question.until.isoformat(), "traffic": question.traffic}
    about = About(title=what.capitalize(), zone=question.zone, facts=facts)
    name = file_name(what, question.since, question.until, question.zone)
    return stream(rows, columns, format_name, name, about)
