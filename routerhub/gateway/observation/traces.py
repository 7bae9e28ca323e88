"""Requests as OpenTelemetry's spans, by its conventions for generative AI: one for the operation, below it one for each call of
an upstream. No prompt, no answer and no client's name is in them.

They are written when a request has ended, from what its record says, so that nothing of it waits for them; where nobody traces,
that costs one look at `_tracer`. A client that traces too (`traceparent`) finds them in its trace, sampled as that is.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

from budgets.types import NANO
from models_registry.types import Attempt
from routerhub.gateway.observation import metrics
from routerhub.gateway.operation import Arrival, Ending, Operation

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NANO_PER_MS = 1_000_000
CLIENTS = TraceContextTextMapPropagator()
PROVIDERS = {"google": "gcp.gemini", "mistral": "mistral_ai", "x-ai": "x_ai"}
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
            "routerhub.operation_id": operation.id_text,
            "gen_ai.request.model": asked.model,
            "gen_ai.request.stream": asked.stream,
            "gen_ai.request.max_tokens": asked.max_output_tokens,
            "routerhub.policy": decision.constraints.policy,
            "routerhub.category": decision.task.category,
            "routerhub.complexity": decision.task.complexity,
            "routerhub.release.catalogue": decision.catalogue_release,
            "routerhub.release.router": decision.router_release,
            "routerhub.cost_usd": operation.charged_nano / NANO,
            "error.type": None if ending.outcome == "success" else ending.outcome,
        },
    )  # fmt: skip


def refused(arrival: Arrival, ending: Ending, error: str) -> None:
    """A request has ended before anything was decided. What it asks for may be any text, so it is not told."""
    if _tracer is not None:
        _write(
            _tracer,
            arrival,
            ending,
            (),
            "chat",
            "chat",
            {"routerhub.operation_id": str(arrival.id), "error.type": error},
        )


def _write(
    tracer: Tracer,
    arrival: Arrival,
    ending: Ending,
    attempts: Sequence[Attempt],
    kind: str,
    name: str,
    told: Mapping[str, Any],
) -> None:
    began = _nanoseconds(arrival.at)
    until = began + ending.latency_ms * NANO_PER_MS
    attributes = {
        "gen_ai.operation.name": kind,
        "http.response.status_code": ending.http_status,
        "routerhub.account_id": arrival.caller.account_id,
        "routerhub.outcome": ending.outcome,
        **_answer(ending),
        **told,
    }
    context = CLIENTS.extract({"traceparent": arrival.client.traceparent})
    span = tracer.start_span(name, context, SpanKind.SERVER, _known(attributes), start_time=began)
    if ending.outcome == "failure":
        span.set_status(StatusCode.ERROR)
    within = set_span_in_context(span)
    answered = next((each for each in reversed(attempts) if not each.error), None)
    for why, attempt in zip(metrics.kinds(attempts), attempts, strict=True):
        _write_call(tracer, within, kind, why, attempt, ending if attempt is answered else None, until)
    span.end(until)


def _write_call(
    tracer: Tracer, within: Context, kind: str, why: str, attempt: Attempt, ending: Ending | None, until: int
) -> None:
    """`ending`: of the request, where this call answered it."""
    began = _nanoseconds(attempt.started_at)
    attributes = {
        "gen_ai.operation.name": kind,
        "gen_ai.request.model": attempt.model,
        "http.response.status_code": attempt.status,
        "routerhub.deployment": attempt.deployment,
        "routerhub.attempt": why,
        **(_answer(ending) if ending else _provider(attempt.provider)),
        **({"error.type": metrics.result(attempt)} if attempt.error else {}),
    }
    span = tracer.start_span(
        f"{kind} {attempt.model}", within, SpanKind.CLIENT, _known(attributes), start_time=began
    )  # fmt: skip
    if attempt.error:
        span.set_status(StatusCode.ERROR)
    # A stream's attempt was over with its first content, its call with its last.
    is_stream = ending is not None and ending.ttft_ms is not None
    span.end(max(began, until) if is_stream else began + attempt.latency_ms * NANO_PER_MS)


def _answer(ending: Ending) -> dict[str, Any]:
    """Who answered, and what that used."""
    if not ending.provider:
        return {}
    usage = ending.usage
    return {
        **_provider(ending.provider),
        "gen_ai.response.model": ending.model,
        "gen_ai.response.time_to_first_chunk": None if ending.ttft_ms is None else ending.ttft_ms / 1_000,
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cache_read_tokens or None,
        "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_tokens or None,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens or None,
        "routerhub.usage_estimated": usage.is_estimated,
    }


def _provider(name: str) -> dict[str, Any]:
    return {"gen_ai.provider.name": PROVIDERS.get(name, name)}


def _known(attributes: Mapping[str, Any]) -> Attributes:
    return {name: value for name, value in attributes.items() if value not in (None, "")}


def _nanoseconds(moment: datetime) -> int:
    """Since 1970, exact to the microsecond."""
    return (moment - EPOCH) // timedelta(microseconds=1) * 1_000
