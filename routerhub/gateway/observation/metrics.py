"""What a gateway counts. docs/howto/observe.md tells what each is for.

No label is a key, a person or anybody's text: providers and models are those of the catalogue, all others the code's own words.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from budgets.types import NANO, Refused
from models_registry.circuits.breaker import subject_kind
from models_registry.types import Attempt
from models_registry.upstream import errors as upstream_errors
from models_registry.upstream.errors import UpstreamError
from routerhub.gateway.operation import Ending
from routerhub.metrics.kinds import Distribution, Labels, Value, counter, gauge, histogram, reading

HTTP = histogram(
    "routerhub_http_response_seconds", "Until an answer or the first bytes of a stream.", "endpoint", "status"
)
ERRORS = counter("routerhub_errors", "Requests that got an error, by its class in the code.", "error")
LIMIT_REFUSALS = counter(
    "routerhub_limit_refusals", "What did not fit into a limit of money or rate.", "scope", "measure", "period"
)
ROOM_WAIT = histogram("routerhub_room_wait_seconds", "Requests that waited for room in a limit.", "result")
WAITING = gauge("routerhub_room_waiting", "Requests that wait for room in a limit.").labels()
CAPPED = counter(
    "routerhub_capped_answers", "Holds with a shorter longest answer than was asked for, since room was scarce."
).labels()
OPERATIONS = histogram("routerhub_operation_seconds", "Requests from their first to their last byte.", "outcome")
STAGES = histogram("routerhub_stage_seconds", "Where the time of a request goes.", "stage")
AUTH, DECIDE, RESERVE, UPSTREAM, SETTLE = (
    STAGES.labels(stage) for stage in ("auth", "decide", "reserve", "upstream", "settle")
)
ENCODER = histogram(
    "routerhub_encoder_wait_seconds",
    "Requests of which the local table was unsure, by what the encoder said.",
    "result",
)
ENCODER_UP = reading("routerhub_encoder_up", "Whether every process has a connection to the encoder.", merge="min")
ATTEMPT = histogram("routerhub_attempt_seconds", "One call of an upstream, to its answer or first content.", "provider")
ATTEMPTS = counter(
    "routerhub_attempts",
    "Calls of upstreams: why this one was made, and what it came to.",
    "provider",
    "kind",
    "result",
)
MODELS = counter(
    "routerhub_operations_by_model", "Requests that ended, by who answered.", "provider", "model", "outcome"
)
FIRST_TOKEN = histogram(
    "routerhub_first_token_seconds", "From a call to the first content of its stream.", "provider", "model"
)
TOKENS = counter("routerhub_tokens", "Tokens as charged.", "provider", "model", "kind")
COST = counter("routerhub_cost_usd", "Charged, of all attempts.", "provider", "model")
ESTIMATED = counter("routerhub_estimated_usages", "Answers whose usage was estimated.", "provider", "model")
PROCESSES = gauge("routerhub_processes", "Gateway processes that this scrape tells of.").labels()
IN_FLIGHT = gauge("routerhub_requests_in_flight", "Requests that are not answered yet.").labels()
STREAMS = gauge("routerhub_streams_open", "Streams under way.").labels()
HOLDS = gauge("routerhub_holds_open", "Holds of requests under way.").labels()
CACHE = counter("routerhub_cache_requests", "Requests that asked for an answer from before.", "status")
CACHE_SAVED = counter("routerhub_cache_saved_usd", "What answers from before cost when they were made.").labels()
IDEMPOTENT = counter("routerhub_idempotency_requests", "Requests with an idempotency key.", "result")
SNAPSHOT = reading("routerhub_snapshot_loaded_timestamp_seconds", "When the oldest snapshot was read.", merge="min")
SNAPSHOT_LOAD = histogram("routerhub_snapshot_load_seconds", "Reading what was changed.").labels()
SNAPSHOT_FAILURES = counter("routerhub_snapshot_failures", "Readings that the database did not answer.").labels()
RELEASES = reading("routerhub_release", "The release that a line is at.", "line", merge="max")
CIRCUITS = reading(
    "routerhub_circuits_open", "Circuits that are not closed.", "kind", "deployment", "state", merge="max"
)
OPENED = counter("routerhub_circuit_openings", "Circuits that opened.", "kind")
SPOOL = reading("routerhub_spool_files", "Batches that wait on disk for the database.", merge="max")

RESULTS = {kind.__name__: kind.__name__ for kind in vars(upstream_errors).values()
           if isinstance(kind, type) and issubclass(kind, UpstreamError)}  # fmt: skip
"""What an attempt's error begins with, where the upstream made it."""
CUT = "Cut"
STATES = ("half-open", "open")
Kind = Literal["first", "retry", "key", "deployment", "model", "hedge"]


@dataclass(frozen=True, slots=True)
class Cells:
    """Those of one model at one provider."""

    success: Value
    input: Value
    output: Value
    cost: Value
    first_token: Distribution


@lru_cache(4_096)
def cells(provider: str, model: str) -> Cells:
    return Cells(
        MODELS.labels(provider, model, "success"),
        TOKENS.labels(provider, model, "input"),
        TOKENS.labels(provider, model, "output"),
        COST.labels(provider, model),
        FIRST_TOKEN.labels(provider, model),
    )


def answered(endpoint: str, status: int, began: float) -> None:
    """`began` in time.monotonic."""
    HTTP.labels(endpoint, str(status)).observe(time.monotonic() - began)


def ended(ending: Ending, cost_nano: int, attempts: Sequence[Attempt]) -> None:
    """A request has come to its end, and its record says this of it."""
    outcome, usage = ending.outcome, ending.usage
    OPERATIONS.labels(outcome).observe(ending.latency_ms / 1_000)
    for kind, attempt in zip(kinds(attempts), attempts, strict=True):
        ATTEMPTS.labels(attempt.provider, kind, result(attempt)).inc()
        ATTEMPT.labels(attempt.provider).observe(seconds := attempt.latency_ms / 1_000)
        UPSTREAM.observe(seconds)
    if not ending.provider:
        return
    counted = cells(ending.provider, ending.model)
    if outcome == "success":
        counted.success.inc()
    else:
        MODELS.labels(ending.provider, ending.model, outcome).inc()
    counted.input.inc(usage.input_tokens)
    counted.output.inc(usage.output_tokens)
    counted.cost.inc(cost_nano / NANO)
    if ending.ttft_ms is not None:
        counted.first_token.observe(ending.ttft_ms / 1_000)
    for name in ("cache_read", "cache_write", "reasoning"):
        if tokens := getattr(usage, f"{name}_tokens"):
            TOKENS.labels(ending.provider, ending.model, name).inc(tokens)
    if usage.is_estimated:
        ESTIMATED.labels(ending.provider, ending.model).inc()


def kinds(attempts: Sequence[Attempt]) -> list[Kind]:
    """Why each attempt was made, as the one before shows. A hedge is beside the others, not between them."""
    found: list[Kind] = []
    before = None
    for attempt in attempts:
        if attempt.is_hedge:
            found.append("hedge")
            continue
        found.append("first" if before is None else _kind(before, attempt))
        before = attempt
    return found


def _kind(before: Attempt, attempt: Attempt) -> Kind:
    if attempt.model != before.model:
        return "model"
    if attempt.deployment != before.deployment:
        return "deployment"
    return "retry" if attempt.key == before.key else "key"


def result(attempt: Attempt) -> str:
    """ok, the kind of error, or Cut where nobody waited for it any more."""
    return RESULTS.get(attempt.error.partition(":")[0], CUT) if attempt.error else "ok"


def limit_refused(refused: Refused) -> None:
    LIMIT_REFUSALS.labels(refused.label.partition(" ")[0], refused.measure, refused.period).inc()


def circuits(not_closed: Mapping[str, bool]) -> dict[Labels, float]:
    """How many there are of each sort. A key is not named."""
    counted = Counter((*subject_kind(subject), STATES[is_open]) for subject, is_open in not_closed.items())
    return {labels: float(count) for labels, count in counted.items()}
