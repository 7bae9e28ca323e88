"""What is to be expected of a model, or of one deployment of it, by what was measured. Pure.

A few calls say little: a figure is drawn towards the next wider one, a deployment's to its model's and a model's to that of all
together, as if PRIOR calls had been made that did as those did on average. A longest latency is held against the plain mean: to
draw that would let a slow model pass.
"""

from collections.abc import Mapping
from decimal import Decimal

from analytics.measuring.decay import Sums, at_least, rounded, two_digits
from analytics.measuring.lengths import ALL
from models_registry.types import Facts, Measured

MIN_REQUESTS = 5
"""Fewer say nothing, and the next wider figure stands."""
PRIOR = 20
Key = tuple[str, str]
"""Model and deployment; ALL in the place of either: all of them together."""
NOTHING = Measured(calls=0, success=1.0, expected_ms=0)


def facts(sums: Mapping[Key, Sums]) -> Facts:
    """What a snapshot takes of them, by model id, deployment id, and ALL."""
    measured: dict[str, Measured] = {}
    latency_ms: dict[str, int] = {}
    tokens_per_second: dict[str, float] = {}
    for (model, deployment), own in sorted(sums.items(), key=lambda each: (each[0][0] != ALL, each[0][1] != ALL)):
        name = model if deployment == ALL else deployment
        wider = measured.get(model if deployment != ALL else ALL) or measured.get(ALL, NOTHING)
        if round(own.answers) >= MIN_REQUESTS and name != ALL:
            latency_ms[name] = rounded(own.mean_ms)
            if own.output_tokens and own.latency_ms:
                speed = two_digits(Decimal(round(1_000 * own.output_tokens / own.latency_ms, 3)))
                tokens_per_second[name] = float(speed)
        if round(own.calls) >= MIN_REQUESTS:
            measured[name] = _drawn(own, wider)
    return latency_ms, tokens_per_second, measured


def _drawn(own: Sums, wider: Measured) -> Measured:
    """What was measured, drawn towards the wider figure. Without any, nothing draws."""
    prior = PRIOR if wider is not NOTHING else 0
    timed = PRIOR if wider.expected_ms else 0
    answers = own.answers + timed
    return Measured(
        calls=at_least(own.calls),
        success=round((own.successes + prior * wider.success) / (own.calls + prior), 2),
        expected_ms=rounded((own.latency_ms + timed * wider.expected_ms) / answers) if answers else 0,
        ttft_ms=rounded(own.ttft_ms / own.first_tokens) if round(own.first_tokens) >= MIN_REQUESTS else None,
    )
