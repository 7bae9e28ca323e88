"""Spans as a collector gets them: a real one, over HTTP on loopback."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from models_registry.upstream.errors import Failed
from routerhub import environment
from routerhub.gateway.answers.answering import answer
from routerhub.gateway.observation import traces
from tests.gateway.courses import SMALL, Course
from tests.gateway.exchange import HELLO, Exchange
from tests.gateway.fakes import chunk, completion

pytestmark = pytest.mark.anyio
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
JOINED, UNSAMPLED = f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00"


@dataclass
class Collector:
    """Takes spans as any OTLP/HTTP collector does."""

    got: list[ExportTraceServiceRequest] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    address: str = ""

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for each in self.got
            for resource in each.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.got.append(ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"]))))
            made.paths.add(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def stop(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Tracing is on. What the test calls to end it, so that all has been sent."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
    stop = traces.start()
    yield stop
    stop()


def attributes(span: Span) -> Mapping[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


async def test_an_operation_is_a_span_and_each_call_of_an_upstream_one_below_it(
    collector: Collector, stop: Callable[[], None]
) -> None:
    exchange = Exchange(Failed("canary", status=500), completion("canary", usage=(10, 20)))
    await exchange.ask({**HELLO, "max_tokens": 50})
    stop()
    assert collector.paths == {"/v1/traces"}
    operation, failed, answered = sorted(collector.spans, key=lambda span: (span.kind, span.start_time_unix_nano))
    assert [(span.name, span.kind) for span in collector.spans[-1:]] == [("chat auto", Span.SPAN_KIND_SERVER)]
    answer = {
        "gen_ai.provider.name": "acme", "gen_ai.response.model": SMALL, "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 20, "routerhub.usage_estimated": False,
    }  # fmt: skip
    call = {
        "gen_ai.operation.name": "chat", "gen_ai.request.model": SMALL, "routerhub.deployment": "acme/small",
    }  # fmt: skip
    assert attributes(operation) == {
        **answer, "gen_ai.operation.name": "chat", "gen_ai.request.model": "auto", "gen_ai.request.stream": False,
        "gen_ai.request.max_tokens": 50, "http.response.status_code": 200, "routerhub.account_id": 7,
        "routerhub.operation_id": exchange.headers[b"x-routerhub-operation-id"].decode(), "routerhub.outcome": "success",
        "routerhub.category": "conversation", "routerhub.complexity": "simple", "routerhub.cost_usd": 0.000007,
        "routerhub.release.catalogue": 3, "routerhub.release.router": 7,
    }  # fmt: skip
    assert attributes(failed) == {
        **call, "http.response.status_code": 500, "routerhub.attempt": "first", "error.type": "Failed",
        "gen_ai.provider.name": "acme",
    }  # fmt: skip
    assert attributes(answered) == {**call, **answer, "http.response.status_code": 200, "routerhub.attempt": "retry"}
    assert [span.status.code for span in (operation, failed, answered)] == [0, Status.STATUS_CODE_ERROR, 0]
    assert {span.parent_span_id for span in (failed, answered)} == {operation.span_id}
    assert operation.parent_span_id == b""
    assert "canary" not in str(collector.got)
    assert 'string_value: "routerhub"' in str(collector.got[0].resource_spans[0].resource)


async def test_an_operation_of_its_own_within_a_request_is_told_by_its_own_id(
    collector: Collector, stop: Callable[[], None]
) -> None:
    course = Course(completion())
    assert course.operation.id != course.operation.arrival.id
    await answer(course.runtime, course.operation)
    stop()
    told = {attributes(span).get("routerhub.operation_id") for span in collector.spans}
    assert told == {None, str(course.operation.id)}


async def test_the_call_of_a_stream_ends_with_its_last_content_and_tells_when_the_first_came(
    collector: Collector, stop: Callable[[], None]
) -> None:
    exchange = Exchange([0.5, chunk("Hi"), 2.0, chunk(finish="stop"), chunk(usage=(1, 2))])
    await exchange.ask({**HELLO, "stream": True})
    await exchange.settled()
    stop()
    for span in collector.spans:
        assert (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9 == 2.5
        assert attributes(span)["gen_ai.response.time_to_first_chunk"] == 0.5


async def test_a_clients_trace_goes_on_in_ours(collector: Collector, stop: Callable[[], None]) -> None:
    await Exchange().ask(headers={"traceparent": JOINED})
    stop()
    assert {span.trace_id.hex() for span in collector.spans} == {TRACE}
    assert [span.parent_span_id.hex() for span in collector.spans if span.kind == Span.SPAN_KIND_SERVER] == [PARENT]


async def test_what_the_client_does_not_sample_is_not_sent(collector: Collector, stop: Callable[[], None]) -> None:
    await Exchange().ask(headers={"traceparent": UNSAMPLED})
    stop()
    assert collector.spans == []


async def test_a_traceparent_that_is_none_begins_a_trace(collector: Collector, stop: Callable[[], None]) -> None:
    await Exchange().ask(headers={"traceparent": "canary"})
    stop()
    assert len({span.trace_id for span in collector.spans}) == 1
    assert "canary" not in str(collector.got)


async def test_a_request_that_is_refused_is_told_by_its_error_and_not_by_what_it_asked_for(
    collector: Collector, stop: Callable[[], None]
) -> None:
    await Exchange().ask({**HELLO, "model": "canary"})
    stop()
    (span,) = collector.spans
    assert (span.name, span.status.code) == ("chat", 0)
    told = attributes(span)
    assert (told["error.type"], told["http.response.status_code"], told["routerhub.outcome"]) == (
        "UnknownModel",
        404,
        "refused",
    )
    assert "canary" not in str(collector.got)


async def test_a_failure_is_an_error_with_every_call(collector: Collector, stop: Callable[[], None]) -> None:
    await Exchange(Failed("canary", status=500)).ask()
    stop()
    assert {span.status.code for span in collector.spans} == {Status.STATUS_CODE_ERROR}
    (operation,) = [span for span in collector.spans if span.kind == Span.SPAN_KIND_SERVER]
    assert attributes(operation)["error.type"] == "failure"
    assert "canary" not in str(collector.got)


async def test_a_collector_that_is_away_costs_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    stop = traces.start()
    exchange = Exchange()
    await exchange.ask()
    stop()
    assert exchange.status == 200


async def test_where_nobody_traces_nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "_write", None)
    exchange = Exchange()
    await exchange.ask()
    assert exchange.status == 200


@pytest.mark.parametrize(
    ("variables", "traces_"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_an_address_in_the_environment_turns_it_on(
    monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], traces_: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert environment.traces() is traces_


def test_a_protocol_that_is_not_spoken_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(ImproperlyConfigured, match="OTEL_EXPORTER_OTLP_PROTOCOL='grpc': write one of http/protobuf"):
        environment.traces()
