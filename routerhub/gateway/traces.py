"""Requests as OpenTelemetry's spans, by its conventions for generative AI: one for the operation, below it one for each call of an
upstream. No prompt, no answer and no client's name is in them.

They are written when a request has ended, from what its record says, so that nothing of it waits for them: an operation that is
not traced costs the look at `_tracer`. Where the client traces too (`traceparent`), it is a part of its trace, and sampled as that is.
"""

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

from budgets.types import NANO
from models_registry.types import Attempt, Usage
from routerhub.gateway import metrics
from routerhub.gateway.operation import Arrival, Ending, Operation

NANO_PER_MS = 1_000_000
CLIENTS = TraceContextTextMapPropagator()
PROVIDERS = {"google": "gcp.gemini", "mistral": "mistral_ai", "xai": "x_ai"}
"""Those that the conventions call by another name."""
_tracer: Tracer | None = None


def start() -> Callable[[], None]:
    """Send spans to where OpenTelemetry's variables of the environment say. Returns what sends the last ones and ends it."""
    # What sends takes 20 MB and a fifth of a second to load: for those who trace.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    global _tracer  # noqa: PLW0603 - the one of the process
    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "routerhub")})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = provider.get_tracer("routerhub.gateway")

    def stop() -> None:
        global _tracer  # noqa: PLW0603
        _tracer = None
        provider.shutdown()

    return stop


def ended(operation: Operation, ending: Ending) -> None:
    """An operation has come to its end, and its record says this of it."""
    if _tracer is None:
        return
    decision, asked = operation.decision, operation.request
    kind = "chat" if asked.choices else "embeddings"
    _write(
        _tracer, operation.arrival, ending, operation.attempts, kind, f"{kind} {asked.model}",
        {
            "gen_ai.request.model": asked.model,
            "gen_ai.request.stream": asked.stream,
            "gen_ai.request.max_tokens": asked.max_output_tokens,
            "routerhub.operation_id": operation.id_text,
            "routerhub.policy": decision.constraints.policy,
            "routerhub.category": decision.task.category,
            "routerhub.complexity": decision.task.complexity,
            "routerhub.release.catalogue": decision.catalogue_release,
            "routerhub.release.router": decision.router_release,
            "routerhub.cost_usd": operation.charged_nano / NANO,
        },
    )  # fmt: skip


def refused(arrival: Arrival, ending: Ending, error: str) -> None:
    """A request has ended before anything was decided. What it asks for may be any text, so it is not told."""
    if _tracer is not None:
        _write(_tracer, arrival, ending, (), "chat", "chat", {"routerhub.operation_id": str(arrival.id), "error.type": error})


def _write(
    tracer: Tracer,
    arrival: Arrival,
    ending: Ending,
    attempts: Sequence[Attempt],
    kind: str,
    name: str,
    attributes: dict[str, Any],
) -> None:
    began, until = _nanoseconds(arrival.at), _nanoseconds(arrival.at) + ending.latency_ms * NANO_PER_MS
    answered = _answered(ending)
    error = {} if ending.outcome == "success" else {"error.type": _error(ending, attempts)}
    span = tracer.start_span(
        name, CLIENTS.extract({"traceparent": arrival.client.traceparent}), SpanKind.SERVER, start_time=began,
        attributes=_known({
            "gen_ai.operation.name": kind,
            "routerhub.outcome": ending.outcome,
            "routerhub.account_id": arrival.caller.account_id,
            "http.response.status_code": ending.http_status,
            **answered, **error, **attributes,
        }),
    )  # fmt: skip
    if ending.outcome == "failure":
        span.set_status(Status(StatusCode.ERROR))
    context = set_span_in_context(span)
    for why, attempt in zip(metrics.kinds(attempts), attempts, strict=True):
        is_answer = attempt is attempts[-1] and bool(answered)
        start = _nanoseconds(attempt.started_at)
        call = tracer.start_span(
            f"{kind} {attempt.model}", context, SpanKind.CLIENT, start_time=start,
            attributes=_known({
                "gen_ai.operation.name": kind,
                "gen_ai.request.model": attempt.model,
                "gen_ai.provider.name": _provider(attempt.provider),
                "routerhub.deployment": attempt.deployment,
                "routerhub.attempt": why,
                "http.response.status_code": attempt.status,
                **(answered if is_answer else {}),
                **({"error.type": metrics.result(attempt)} if attempt.error else {}),
            }),
        )  # fmt: skip
        if attempt.error:
            call.set_status(Status(StatusCode.ERROR))
        # A stream's attempt is over with its first content, the call with its last.
        is_stream = is_answer and ending.ttft_ms is not None
        call.end(max(until, start) if is_stream else start + attempt.latency_ms * NANO_PER_MS)
    span.end(until)
