"""How prompts were read, over a range of time.

Totals and what the questions cost come out of the roll-ups; all else out of a sample of the records.
"""

from dataclasses import replace
from datetime import timedelta

from analytics.reports.adding import total
from analytics.reports.asking import ask
from analytics.reports.measures import mean_latency_ms
from analytics.windows import sketches
from analytics.windows.types import Question, Step
from autorouter.types import QUESTION_TAG
from experiments.classification import sampling
from experiments.classification.effect import NEWEST, effect
from experiments.classification.encoder import status
from experiments.classification.summing import summed
from experiments.classification.types import Classification, Questions

BY_HOUR = timedelta(days=2)
"""The longest range that is told hour by hour."""


def classification(question: Question) -> Classification:
    """Raises ValidationError, which names the field."""
    question = replace(question, by=(), step=None, distributions=False)
    whole = ask(question)
    questions = _questions(question)
    requests = total(row.figures for row in whole.rows).requests - questions.requests
    seen = dict(sampling.seen(sampling.drawn(question, requests)))
    newest = [operation_id for operation_id, each in seen.items() if each.said][:NEWEST]
    known = max(requests, len(seen))
    return Classification(
        question=question,
        total=known,
        is_whole=known <= sampling.MOST,
        summary=summed(tuple(seen.values()), step_of(question), question.zone),
        effect=effect(newest),
        questions=questions,
        encoder=status(),
        as_of=whole.as_of,
    )


def step_of(question: Question) -> Step:
    return "hour" if question.until - question.since <= BY_HOUR else "day"


def _questions(question: Question) -> Questions:
    """Raises ValidationError where it is asked about by what figures of tags are not kept by."""
    asked = replace(question, where={"tag": (QUESTION_TAG,)}, distributions=True)
    figures = total(row.figures for row in ask(asked).rows)
    return Questions(
        requests=figures.requests, successes=figures.successes, cost_nano=figures.cost_nano,
        mean_ms=mean_latency_ms(figures), p95_ms=sketches.quantile(figures.latencies, 0.95),
    )  # fmt: skip
