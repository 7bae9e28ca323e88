"""Made-up answers: the same question is always answered the same way."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from analytics.dashboards.charts import axes
from analytics.windows import sketches
from analytics.windows.types import Answer, Figures, Question, Row

VALUES = {
    "model": ["anthropic:claude-sonnet-5-5", "openai:gpt-6.1-sol", "google:gemini-3.8-flash", "google:gemini-3.1-flash-lite", "deepseek:deepseek-flash", *[f"other:m{n}" for n in range(12)]],
    "account": ["1", "2", "3"], "category": "coding research analysis creative reasoning factual conversation multimodal".split(),
    "task_type": "report analyze_logs fix_bug investigate deploy_code analyze_errors simple_query health_check".split(),
    "provider": ["anthropic", "openai", "google", "deepseek"], "key": ["1", "2", "3", "4"], "user": ["1", "2", ""], "policy": ["ops", "code", "chat"],
    "tag": ["nightly", "eval"], "deployment": ["openai/gpt", "azure/gpt"], "complexity": ["simple", "complex"], "worker": ["", "w1"],
}  # fmt: skip


def ask(question: Question) -> Answer:
    rows = sorted(_rows(question), key=lambda row: (row.start.timestamp() if row.start else 0, row.group))
    return Answer(rows=tuple(rows), as_of=question.until)


def _rows(question: Question) -> Iterator[Row]:
    step = question.step
    starts: list[datetime | None] = list(axes.columns(question.since, question.until, step)) if step else [None]
    values = [question.where.get(each, tuple(VALUES[each])) for each in question.by]
    for start in starts:
        for group in product(*values):
            yield Row(group=group, start=start, figures=_figures(question, start, group))


def _figures(question: Question, start: datetime | None, group: tuple[str, ...]) -> Figures:
    rng = random.Random(f"{start}{group}")
    weight = 1.0
    for dimension, value in zip(question.by, group, strict=True):
        weight *= 1 / (1 + list(VALUES[dimension]).index(value)) ** 1.2
    days = 1.0 if start else (question.until - question.since) / timedelta(days=1)
    if start and start.astimezone(ZoneInfo(question.zone)).weekday() > 4:
        weight *= 0.4
    n = max(1, int(600 * weight * days * rng.uniform(0.8, 1.2)))
    cost = int(n * 31_000_000 * rng.uniform(0.8, 1.2))
    bad = int(n * 0.011)
    few = [rng.lognormvariate(7.6, 0.7) for _ in range(min(n, 60))] if question.distributions else []
    return Figures(
        requests=n + 2, successes=n - bad, failures=bad, refused=2, cost_nano=cost, input_tokens=n * 2000, output_tokens=n * 800,
        compared_nano=cost, best_nano=cost * 7, good_nano=int(cost * 0.88), asked_nano=int(cost * 1.17), timed=n, latency_ms=n * 3400,
        ttft_ms=n * 600, first_tokens=n, output_ms=n * 2800, fallbacks=n // 90, abandoned=0,
        errors={"rate_limited": bad // 2, "timeout": bad // 3, "limit": 2},
        latencies=sketches.of(few), first_token_times=sketches.of([each / 4 for each in few]),
    )  # fmt: skip
