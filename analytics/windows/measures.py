"""What is counted, and out of what of a record. Pure.

The columns of `analytics_figures` (analytics/sql/windows.sql) and the fields of Figures have the same names.
"""

from collections.abc import Mapping

from analytics.windows.sketches import LOG_GAMMA

SATISFIED = 1_000
"""Satisfaction is summed up in so many parts of one."""
DIMENSIONS: Mapping[str, str] = {
    "user": "coalesce(r.user_id::text, '')", "key": "coalesce(r.key_id::text, '')", "model": "r.model",
    "provider": "r.provider", "deployment": "r.deployment", "policy": "r.policy", "task_type": "r.task_type",
    "category": "r.category", "complexity": "r.complexity", "worker": "r.worker",
}  # fmt: skip
"""Those of which a record has one value, beside its account."""
ALL, TAG, FLOW = "", "tag", "category>model"
"""Dimensions of windows that are not columns: everything together, each tag, and category and model at once."""
MANY = ("user", "key", "worker")
"""Dimensions of which there may be as many values as records in a quarter of an hour: windows of them would save nothing."""
HOURLY = (ALL, "model")
"""Those that each account has windows of by the hour: what is drawn over time."""
FEW = (ALL, *(name for name in DIMENSIONS if name not in MANY), FLOW)
TIMED = "r.outcome = 'success' AND r.saved_nano IS NULL AND (r.latency_ms > 0 OR NOT r.is_reported)"
"""Whole answers of models. Who tells of an answer from outside need not say how long it took."""
FIRST = f"{TIMED} AND r.ttft_ms IS NOT NULL"
STREAMED = f"{FIRST} AND r.is_stream"
CALLED = "r.saved_nano IS NULL AND r.input_tokens + r.output_tokens > 0"


def _at(rates: str) -> str:
    """What the tokens of a record come to at some rates."""
    return (
        f"((r.input_tokens - r.cache_read_tokens - r.cache_write_tokens) * {rates}.input_rate"
        f" + r.cache_read_tokens * {rates}.cache_read_rate + r.cache_write_tokens * {rates}.cache_write_rate"
        f" + r.output_tokens * {rates}.output_rate)"
    )


LEFT_TO_THE_ROUTER = "(r.requested_model IN ('', 'auto') OR starts_with(r.requested_model, 'policy:'))"
COMPARED = f"{CALLED} AND best.model IS NOT NULL AND good.model IS NOT NULL AND (asked.model IS NOT NULL OR {LEFT_TO_THE_ROUTER})"


def bucket_of(value: str) -> str:
    """A value as one entry of a sketch."""
    index = f"CASE WHEN {value} > 0 THEN ceil(ln({value}::float8) / {LOG_GAMMA!r})::bigint ELSE -1 END"
    return f"(({index}) << 32) + 1"


def _count(condition: str) -> str:
    return f"({condition})::int"


def _where(condition: str, value: str) -> str:
    return f"CASE WHEN {condition} THEN {value} ELSE 0 END"


MEASURES: Mapping[str, str] = {
    "requests": "1",
    "successes": _count("r.outcome = 'success'"),
    "failures": _count("r.outcome = 'failure'"),
    "refused": _count("r.outcome = 'refused'"),
    "abandoned": _count("r.outcome = 'abandoned'"),
    "unknown": _count("r.outcome = 'unknown'"),
    "fallbacks": _count("r.outcome = 'success' AND r.fallback_used"),
    "reported": _count("r.is_reported"),
    "cached": _count("r.saved_nano IS NOT NULL"),
    "input_tokens": "r.input_tokens",
    "output_tokens": "r.output_tokens",
    "cache_read_tokens": "r.cache_read_tokens",
    "cache_write_tokens": "r.cache_write_tokens",
    "reasoning_tokens": "r.reasoning_tokens",
    "cost_nano": "r.cost_nano",
    "cache_saved_nano": "coalesce(r.saved_nano, 0)",
    "compared_nano": _where(COMPARED, "r.cost_nano"),
    "best_nano": _where(COMPARED, f"round({_at('best')})::bigint"),
    "good_nano": _where(COMPARED, f"round({_at('good')})::bigint"),
    "asked_nano": _where(COMPARED, f"coalesce(round({_at('asked')})::bigint, r.cost_nano)"),
    "timed": _count(TIMED),
    "latency_ms": _where(TIMED, "r.latency_ms"),
    "ttft_ms": _where(FIRST, "r.ttft_ms"),
    "first_tokens": _count(FIRST),
    "output_ms": _where(STREAMED, "greatest(r.latency_ms - r.ttft_ms, 0)"),
    "streamed_tokens": _where(STREAMED, "r.output_tokens"),
    "rated": _count("f.satisfaction IS NOT NULL"),
    "satisfaction": f"coalesce(round({SATISFIED} * f.satisfaction)::int, 0)",
}
"""Whole numbers that are summed up, each of a record `r` with its feedback `f` and what it is compared with."""
SKETCHES: Mapping[str, str] = {
    "latencies": f"CASE WHEN {TIMED} THEN {bucket_of('r.latency_ms')} END",
    "first_token_times": f"CASE WHEN {FIRST} THEN {bucket_of('r.ttft_ms')} END",
}
COLUMNS = (*MEASURES, "errors", *SKETCHES)
