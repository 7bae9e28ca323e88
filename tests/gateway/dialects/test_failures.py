"""How a failure looks to each client, whatever the upstream's dialect: a status, or the end of a stream, in its own words."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from anthropic.types import ErrorResponse
from openai.types import ErrorObject
from openai.types.responses import ResponseFailedEvent

from routerhub.asgi import is_gateways
from routerhub.gateway.errors import to_api_error
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as MESSAGES
from routerhub.gateway.protocols.base import ChatProtocol
from routerhub.gateway.protocols.openai_chat import PROTOCOL as CHAT
from routerhub.gateway.protocols.openai_responses import PROTOCOL as RESPONSES
from tests.gateway.dialects import lifecycle
from tests.gateway.dialects.features import FEATURES
from tests.gateway.dialects.route import CLIENTS, MODELS, Dialect, Route, events, routes
from tests.gateway.dialects.sdk_types import OURS, problems
from tests.gateway.exchange import Exchange

pytestmark = pytest.mark.anyio
EVERY_CLIENT = pytest.mark.parametrize("client", CLIENTS, ids=lambda each: each.path[4:])
EVERY_UPSTREAM = pytest.mark.parametrize("upstream", MODELS)
FIGURES = OURS | {"attempts", "details", "budget"}
"""What RouterHub tells of a failure beside what the types know."""


@pytest.fixture(scope="module")
def route() -> Iterator[Route]:
    with routes() as made:
        yield made


@pytest.mark.parametrize("broken", ["disconnect", "malformed"])
@EVERY_UPSTREAM
@EVERY_CLIENT
async def test_a_stream_that_breaks_ends_with_an_error_of_the_clients_dialect(
    route: Route, client: ChatProtocol, upstream: Dialect, broken: str
) -> None:
    """A5, C2, C5, C7"""
    script = {"reply": "one two three", "fail": {"break": broken, "after_chunks": 2}}
    _, stream = await route.ask(client, upstream, **FEATURES[client]["text"], stream=True, sandbox=script)
    told = events(stream)
    last = told[-1]
    assert sum("error" in event or event.get("type") == "response.failed" for event in told) == 1
    if client is RESPONSES:
        lifecycle.responses(told)
        assert problems(last, ResponseFailedEvent, also=FIGURES | {"store", "type", "param"}) == []
        assert last["response"]["error"]["code"] == "server_error"
    else:
        _check_error(client, last)
        assert not {b"[DONE]", b"message_stop"} & set(stream.split())


def _check_error(client: ChatProtocol, told: Any) -> None:
    if client is MESSAGES:
        if told["error"]["type"] == "request_too_large":  # the types do not know it, the documentation does
            told = {**told, "error": {**told["error"], "type": "invalid_request_error"}}
        assert problems({"request_id": None, **told}, ErrorResponse, also=FIGURES) == []
    else:
        assert problems(told["error"], ErrorObject, also=FIGURES) == []


@pytest.mark.parametrize(
    ("client", "path", "method", "hint"),
    [
        (CHAT, "/v1/nothing", "GET", ""), (CHAT, "/chat/completions", "POST", "Add /v1"), (CHAT, "/models", "GET", "Add /v1"),
        (RESPONSES, "/v1/responses/a/b/c", "GET", ""), (MESSAGES, "/v1/v1/messages", "POST", "twice"),
        (MESSAGES, "/v1/messages/batches", "POST", ""), (MESSAGES, "/v1/skills", "GET", ""),
        (MESSAGES, "/v1/models/x/y", "GET", ""),
    ],
)  # fmt: skip
async def test_an_address_that_there_is_not_is_told_in_the_clients_dialect(
    client: ChatProtocol, path: str, method: str, hint: str
) -> None:
    exchange = Exchange()
    await exchange.ask(b"", path, method, headers={"anthropic-version": "2023-06-01"} if client is MESSAGES else {})
    assert exchange.status == 404
    told = orjson.loads(exchange.body)
    _check_error(client, told)
    assert hint in told["error"]["message"]


def test_a_client_whose_base_address_lacks_a_part_is_answered_by_the_gateway_and_a_browser_is_not() -> None:
    assert all(
        map(is_gateways, ["/v1", "/v1/x", "/healthz", "/chat/completions", "/messages", "/models", "/responses"])
    )
    assert not any(map(is_gateways, ["/", "/admin/", "/api/models", "/v12"]))


REFUSALS = {
    400: 400,
    413: 413,
    422: 422,
    401: 502,
    403: 502,
    404: 502,
    429: 429,
    500: 502,
    503: 503,
    504: 504,
    529: 503,
}
"""What an upstream says, and what the client gets: its own mistakes and the pace as they are, RouterHub's keys never."""
TYPES = {400: "invalid_request_error", 413: "request_too_large", 422: "invalid_request_error", 429: "rate_limit_error",
         502: "api_error", 503: "overloaded_error", 504: "timeout_error"}  # fmt: skip


@pytest.mark.parametrize("status", REFUSALS)
@EVERY_UPSTREAM
async def test_an_upstreams_refusal_has_the_status_and_the_type_that_each_client_knows(
    route: Route, upstream: Dialect, status: int
) -> None:
    """B11"""
    script = {"fail": {"status": status, "retry_after_s": 30}}
    for client in CLIENTS:
        with pytest.raises(Exception) as failed:  # noqa: PT011 - which one it is, the table says
            await route.ask(client, upstream, **FEATURES[client]["text"], sandbox=script)
        error = to_api_error(failed.value)
        told = orjson.loads(client.write_error(error))
        _check_error(client, told)
        assert error.status == REFUSALS[status]
        if client is MESSAGES:
            assert told["error"]["type"] == TYPES[error.status]
        if error.status in {429, 503}:
            assert (error.headers["Retry-After"], error.headers["x-should-retry"]) == ("30", "true")
