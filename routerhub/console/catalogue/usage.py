"""What the account itself asked of models this month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext

from analytics.reports import measures
from analytics.reports.performance import performance
from analytics.reports.types import Page
from analytics.windows import sketches
from analytics.windows.types import Figures, Question
from budgets import formats, money
from models_registry.sandbox import standing_in

MAX_MODELS = 1_000
USUAL_INPUT, USUAL_OUTPUT = 1_000, 500
"""Tokens of a usual request, where the account has made none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """The account's figures of the month by model."""

    by_model: Mapping[str, Figures]
    usual_input: int = USUAL_INPUT
    usual_output: int = USUAL_OUTPUT

    @property
    def usual(self) -> str:
        return gettext("%(input)s in, %(output)s out") % {
            "input": f"{self.usual_input:,}",
            "output": f"{self.usual_output:,}",
        }

    def requests(self, model: str) -> int:
        return self.by_model[model].requests if model in self.by_model else 0


def of_month(account_id: int, now: datetime, model: str | None = None) -> Used:
    """Of all models or, with what costs more, of one: made-up figures while the sandbox answers, and real ones else."""
    since = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    question = Question(
        since=since, until=(since + timedelta(days=32)).replace(day=1), by=("model",),
        accounts=frozenset([account_id]), where={"model": (model,)} if model else {},
        traffic="sandbox" if standing_in.answers() else "real", distributions=model is not None,
    )  # fmt: skip
    report = performance(question, Page(limit=MAX_MODELS))
    by_model = {group.values[0]: group.figures for group in report.groups}
    whole = report.total.figures
    called = measures.called(whole)
    if not called or not whole.output_tokens:
        return Used(by_model=by_model)
    return Used(
        by_model=by_model, usual_input=_two_digits(whole.input_tokens / called),
        usual_output=_two_digits(whole.output_tokens / called),
    )  # fmt: skip


def _two_digits(value: float) -> int:
    return max(1, int(float(f"{value:.2g}")))


def told(figures: Figures) -> Mapping[str, str]:
    """For people: how many, how they did, and what they cost."""
    finished, p95 = measures.finished(figures), sketches.quantile(figures.latencies, 0.95)
    p50 = sketches.quantile(figures.latencies, 0.5)
    return {
        "requests": formats.count(figures.requests),
        "success": formats.percent(figures.successes, finished, 1),
        "p50": formats.NOTHING if p50 is None else formats.duration(p50),
        "p95": formats.NOTHING if p95 is None else formats.duration(p95),
        "cost": money.rounded(figures.cost_nano),
        "tokens": f"{formats.tokens(figures.input_tokens)} in, {formats.tokens(figures.output_tokens)} out",
    }
