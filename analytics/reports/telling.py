"""Reports as JSON: money as decimal text in USD, times in milliseconds, shares from 0 to 1."""

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.models import Record
from analytics.reports import measures
from analytics.reports.comparing import MIN_DAYS, MIN_FINISHED
from analytics.reports.types import Group, Opportunities, Opportunity, Report, Savings, Side, Targets
from analytics.windows import sketches
from analytics.windows.names import NUMBERED
from analytics.windows.types import Figures, Question, Sketch
from budgets.money import usd

PARTS = ("requests", "successes", "failures", "refused", "abandoned", "unknown", "fallbacks", "reported", "cached")
TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
QUANTILES = (0.5, 0.95, 0.99)


def of_question(question: Question) -> dict[str, Any]:
    """What was asked, as it was understood."""
    return {
        "since": question.since, "until": question.until, "timezone": question.zone, "currency": "USD",
        "traffic": question.traffic, "group_by": list(question.by), "step": question.step,
    }  # fmt: skip


def of_report(report: Report) -> dict[str, Any]:
    question, page = report.question, report.page
    following = page.offset + page.limit
    return {
        **of_question(question), "as_of": report.as_of, "count": report.count, "limit": page.limit, "offset": page.offset,
        "next_offset": following if following < report.count else None,
        "total": of_group(report.total, question), "results": [of_group(group, question) for group in report.groups],
        "others": of_group(report.others, question) if report.others else None,
    }  # fmt: skip


def of_group(group: Group, question: Question) -> dict[str, Any]:
    told = {**_names(group, question), **of_figures(group.figures, question.distributions)}
    if group.before is not None:
        told["before"] = of_figures(group.before, False)
    if question.step:
        told["points"] = [
            {"start": point.start, **of_figures(point.figures, question.distributions)} for point in group.points
        ]
    return told


def _names(group: Group, question: Question) -> dict[str, Any]:
    """Names of accounts, users and keys, with their ids beside; other values as they are."""
    told: dict[str, Any] = {}
    for name, value, label in zip(question.by, group.values, group.labels, strict=bool(group.values)):
        told[name] = label if name in NUMBERED and value else value
        if name in NUMBERED and value:
            told[f"{name}_id"] = int(value)
    return told


def of_figures(figures: Figures, distributions: bool) -> dict[str, Any]:
    mean = measures.mean_cost_nano(figures)
    return {
        **{name: getattr(figures, name) for name in (*PARTS, *TOKENS)},
        "success": _rounded(measures.success(figures)), "fallback": _rounded(measures.fallback(figures)),
        "errors": dict(sorted(figures.errors.items(), key=lambda each: (-each[1], each[0]))),
        "cost_usd": usd(figures.cost_nano), "mean_cost_usd": None if mean is None else usd(round(mean)),
        "cache_saved_usd": usd(figures.cache_saved_nano), "efficiency": _rounded(measures.efficiency(figures)),
        "satisfaction": _rounded(measures.satisfaction(figures)), "rated": figures.rated,
        "latency_ms": _times(measures.mean_latency_ms(figures), figures.latencies, distributions),
        "ttft_ms": _times(measures.mean_ttft_ms(figures), figures.first_token_times, distributions),
    }  # fmt: skip


def _times(mean: float | None, sketch: Sketch, distributions: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"mean": _rounded(mean, 1)}
    if distributions:
        told |= {f"p{100 * q:g}": _rounded(sketches.quantile(sketch, q), 1) for q in QUANTILES}
        told["histogram"] = [{"until_ms": until, "count": count} for until, count in measures.histogram(sketch)]
    return told


def _rounded(value: float | None, digits: int = 6) -> float | None:
    return None if value is None else round(value, digits)


def of_savings(found: Savings) -> dict[str, Any]:
    return {
        **of_question(found.question), "as_of": found.as_of, "cache_saved_usd": usd(found.cache_saved_nano),
        "coverage": _rounded(found.coverage), "is_estimate": True, "method": METHODS,
        "results": [
            {
                "against": each.reference, "would_have_cost_usd": usd(each.would_have_cost_nano),
                "cost_usd": usd(each.cost_nano), "saved_usd": usd(each.saved_nano), "share": _rounded(each.share),
            }
            for each in found.savings
        ],
    }  # fmt: skip


METHODS: Mapping[str, str] = {
    "tokens": "The tokens of the model that answered, at the base rates of the other one: an estimate, since that would have"
    " answered in another length.",
    "best": "The model with the highest profile score for the task's category, of those that any account may use, in the releases"
    " that decided; of equal ones the cheapest.",
    "good": "The cheapest model that scores at most 10 points less than the best one, and is not measured to succeed less often.",
    "asked": "The model that was asked for by name; where it was left to the router, what it did cost.",
}


def of_targets(found: Targets) -> dict[str, Any]:
    return {
        **of_question(found.question), "as_of": found.as_of,
        "results": [
            {"target": each.name, "title": each.title, "wanted": each.wanted, "value": each.value, "figure": each.figure,
             "is_met": each.is_met, "note": each.note}
            for each in found.targets
        ],
        "policies": [
            {"policy": each.policy, "requests": each.requests, "share": _rounded(each.share), "low": each.low,
             "high": each.high, "is_within": each.is_within}
            for each in found.policies
        ],
    }  # fmt: skip


def of_opportunities(found: Opportunities) -> dict[str, Any]:
    return {
        **of_question(found.question), "as_of": found.as_of, "is_estimate": True, "comparisons": found.comparisons,
        "margin": found.margin, "min_requests": MIN_FINISHED, "min_days": MIN_DAYS,
        "results": [_opportunity(each, found.question) for each in found.found],
    }  # fmt: skip


def _opportunity(each: Opportunity, question: Question) -> dict[str, Any]:
    return {
        **each.group, "account": each.labels["account"], "account_id": int(each.group["account"]),
        "used": _side(each.used), "cheaper": _side(each.cheaper),
        "success_difference": _interval([round(value, 6) for value in each.success_difference]),
        "saving_per_request_usd": _interval([usd(round(value)) for value in each.saving_per_request_nano]),
        "saving_usd": _interval([usd(round(value)) for value in each.saving_nano]),
        "backtest": backtest_of(each, question),
    }  # fmt: skip


def backtest_of(each: Opportunity, question: Question) -> dict[str, Any]:
    """What POST /api/backtests tries it with."""
    return {
        "account_id": int(each.group["account"]), "task_type": each.group["task_type"], "category": each.group["category"],
        "complexity": each.group["complexity"], "model": each.used.model, "instead": each.cheaper.model,
        "since": question.since.isoformat(),
    }  # fmt: skip


def _side(side: Side) -> dict[str, Any]:
    return {
        "model": side.model, "requests": side.requests, "success": round(side.success, 6), "of": side.finished,
        "cost_per_request_usd": usd(round(side.cost_per_request_nano)), "days": side.days,
    }  # fmt: skip


def _interval(values: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(("estimate", "low", "high"), values, strict=True))


DEAREST = (
    "operation_id", "created_at", "account_id", "user_id", "key_id", "model", "policy", "task_type", "category", "outcome",
    "input_tokens", "output_tokens", "is_sandbox",
)  # fmt: skip


def of_dearest(requests: Sequence[Record], users: Report) -> dict[str, Any]:
    told = [{**{name: getattr(each, name) for name in DEAREST}, "cost_usd": usd(each.cost_nano)} for each in requests]
    return {**of_question(users.question), "as_of": users.as_of, "requests": told,
            "users": [of_group(group, users.question) for group in users.groups]}  # fmt: skip
