"""How prompts were read, as JSON: money as decimal text in USD, times in milliseconds, shares from 0 to 1."""

from typing import Any

from analytics.reports.telling import of_question
from budgets.money import usd
from experiments.classification.effect import NEWEST
from experiments.classification.types import Agreement, Bin, Cause, Classification, Effect, Questions, Share, Summary
from experiments.replay.backtest import as_json


def of_classification(found: Classification) -> dict[str, Any]:
    summary = found.summary
    return {
        **{name: value for name, value in of_question(found.question).items() if name not in {"group_by", "step"}},
        "as_of": found.as_of,
        "sample": {"requests": summary.requests, "of": found.total, "is_whole": found.is_whole},
        **_summary(summary),
        "effect": {"other_category": _share(summary.other_category), "other_model": _effect(found.effect)},
        "questions": _questions(found.questions),
        "encoder": {"state": found.encoder.state, "detail": found.encoder.detail},
    }  # fmt: skip


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "readers": {origin: _share(Share(count=count, of=summary.requests)) for origin, count in summary.by.items()},
        "points": [{"start": each.start, **each.requests} for each in summary.points],
        "asked": {reader: _share(each) for reader, each in summary.asked.items()},
        "agreement": [_agreement(each) for each in summary.agreement],
        "waits": {
            reader: {"requests": each.requests, "mean_ms": round(each.mean_ms, 3), "p95_ms": round(each.p95_ms, 3)}
            for reader, each in summary.waits.items()
        },
        "failures": [_cause(each) for each in summary.causes],
        "confidence": [_bin(each) for each in summary.bins],
        "without_confidence": summary.without_confidence,
    }  # fmt: skip


def _share(each: Share) -> dict[str, Any]:
    if each.share is None:
        return {"requests": each.count, "of": each.of, "share": None, "interval": None}
    low, high = each.interval
    return {
        "requests": each.count, "of": each.of, "share": round(each.share, 6), "interval": [round(low, 6), round(high, 6)]
    }  # fmt: skip


def _agreement(each: Agreement) -> dict[str, Any]:
    return {
        "reader": each.one, "with": each.other, "category": _share(each.category), "complexity": _share(each.complexity)
    }  # fmt: skip


def _effect(each: Effect) -> dict[str, Any]:
    """A backtest's figures, without the quality, since the category that it is of is what changed."""
    told = as_json(each.report)
    return {
        **_share(Share(count=each.report.moved, of=each.report.requests)), "newest": NEWEST, "since": each.since,
        **{name: told[name] for name in ("flows", "cost_usd", "refused")},
    }  # fmt: skip


def _questions(each: Questions) -> dict[str, Any]:
    return {
        "requests": each.requests, "successes": each.successes, "cost_usd": usd(each.cost_nano),
        "latency_ms": {"mean": _rounded(each.mean_ms), "p95": _rounded(each.p95_ms)},
    }  # fmt: skip


def _cause(each: Cause) -> dict[str, Any]:
    return {"reader": each.reader, "cause": each.why, "requests": each.requests}


def _bin(each: Bin) -> dict[str, Any]:
    return {
        "above": each.low, "up_to": each.high, "requests": each.requests, "rated": each.rated,
        "satisfaction": _rounded(each.satisfaction, 3),
    }  # fmt: skip


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)
