"""The data plane's addresses. Handlers are thin: read, call the pipeline, write.

Chat completions are answered by a bare ASGI callable, since what a framework puts around a request costs as much as deciding
it. Everything else that is asked here is rare, and goes to Starlette.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from types import ModuleType, TracebackType
from typing import Any
from uuid import uuid4

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from autorouter.decision.ranking import Rankings
from autorouter.types import RouterRelease
from budgets.errors import KeyRefused
from budgets.people import unknown
from budgets.types import Caller, Rate
from models_registry.types import Catalogue
from routerhub.gateway import embedding, pipeline
from routerhub.gateway.answers.answering import Reply
from routerhub.gateway.answers.response_metadata import Headers, id_headers
from routerhub.gateway.auth import allowed_models, check_permission, check_scope, identify, ip_of, user_key
from routerhub.gateway.batches import api as batches
from routerhub.gateway.bodies import read_body
from routerhub.gateway.errors import EXPECTED, ApiError, TooLarge, to_api_error
from routerhub.gateway.kept import idempotency, response_state
from routerhub.gateway.observation import metrics
from routerhub.gateway.protocols import (
    anthropic_messages,
    anthropic_models,
    codex_models,
    fields,
    openai_embeddings,
    openai_models,
)
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as ANTHROPIC_MESSAGES
from routerhub.gateway.protocols.base import ChatProtocol, Client
from routerhub.gateway.protocols.openai_chat import PROTOCOL as OPENAI_CHAT
from routerhub.gateway.protocols.openai_responses.state import listed
from routerhub.gateway.protocols.registry import chat_protocols
from routerhub.gateway.runtime import Runtime
from routerhub.logs import OPERATION
from routerhub.metrics.kinds import OTHER
from routerhub.request_body import BodyTimedOut, PatientReceive

logger = logging.getLogger(__name__)
JSON = (b"content-type", b"application/json")
EVENTS = (b"content-type", b"text/event-stream; charset=utf-8")
Serve = Callable[[Mapping[str, str], bytes, Client], Awaitable[Reply]]
"""What makes a reply of a request: its headers, its body and from where it came."""
CLIENTS_ALONE = ("/chat/completions", "/responses", "/embeddings", "/models", "/messages")
"""Where clients ask whose base address lacks /v1."""
LISTEN_AFTER_S = 0.25
"""A client that leaves is listened for from then on: an answer that is there sooner needs no listener."""


class Gateway:
    """The application. `runtime` is put in before the first request."""

    def __init__(self) -> None:
        self._protocols = {protocol.path: protocol for protocol in chat_protocols()}
        self.others = _others([*self._protocols, openai_embeddings.PATH])
        """Starlette's part, for the addresses that are not chat completions."""

    @property
    def runtime(self) -> Runtime:
        runtime: Runtime = self.others.state.runtime
        return runtime

    @runtime.setter
    def runtime(self, runtime: Runtime) -> None:
        self.others.state.runtime = runtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["operation_id"] = operation_id = uuid4()
        OPERATION.set(operation_id)
        metrics.IN_FLIGHT.inc()
        try:
            await self._serve(scope, receive, send)
        finally:
            metrics.IN_FLIGHT.dec()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        protocol = self._protocols.get(scope["path"])
        if protocol is not None and scope["method"] == "POST":
            serve = idempotency.serve if has_key(scope) else pipeline.serve
            await exchange(partial(serve, self.runtime, protocol), self.runtime, protocol, scope, receive, send)
        elif scope["path"] == openai_embeddings.PATH and scope["method"] == "POST":
            await exchange(partial(embedding.serve, self.runtime), self.runtime, OPENAI_CHAT, scope, receive, send)
        else:
            await self.others(scope, receive, _named(scope, send))


# --- chat completions


def has_key(scope: Scope) -> bool:
    """Whether the request is to be answered once."""
    return any(name == idempotency.HEADER.encode() for name, _ in scope["headers"])


async def exchange(
    serve: Serve, runtime: Runtime, protocol: ChatProtocol, scope: Scope, receive: Receive, send: Send
) -> None:
    """One request and its answer, its errors as the protocol spells them. A client that leaves cancels all that is done for it,
    which settles by itself."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    client = client_of(scope, headers)
    limits, answer = runtime.limits, _Answer(runtime, protocol, scope, send)
    try:
        body = await read_body(PatientReceive(receive, limits.body_wait_s), limits.max_body_bytes)
    except ClientDisconnect:
        await pipeline.unread(runtime, scope["path"], headers, client, asyncio.CancelledError())
        return
    except (TooLarge, BodyTimedOut) as error:
        await pipeline.unread(runtime, scope["path"], headers, client, error)
        await answer.refuse(error)
        return
    with CancelledWhenClientLeaves(receive):
        try:
            reply = await serve(headers, body, client)
        except Exception as error:  # the seam: whatever went wrong becomes an answer
            if not isinstance(error, EXPECTED):
                logger.exception("action=request path=%s", scope["path"])
            await answer.refuse(error)
        else:
            await answer.give(reply)


def client_of(scope: Scope, headers: Mapping[str, str]) -> Client:
    """From where a request came, and under which id it goes on."""
    return Client(
        ip=ip_of(scope["client"]),
        user_agent=headers.get("user-agent", ""),
        operation_id=scope["operation_id"],
        traceparent=headers.get("traceparent", ""),
    )


class CancelledWhenClientLeaves:
    """A context whose task is cancelled when its client leaves; the cancellation ends with the context."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._listening: asyncio.Task[Message] | None = None
        self._has_left = False

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(LISTEN_AFTER_S, self._listen)

    def _listen(self) -> None:
        """The body is read, so that all that can still come is that the client leaves."""
        self._listening = asyncio.ensure_future(self._receive())
        self._listening.add_done_callback(self._leave)

    def _leave(self, listening: "asyncio.Task[Message]") -> None:
        if not listening.cancelled() and self._task is not None:
            self._has_left = True
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, _problem: BaseException | None, _: TracebackType | None
    ) -> bool:
        self._timer.cancel()
        if self._listening is not None:
            self._listening.remove_done_callback(self._leave)
            self._listening.cancel()
        if not self._has_left or self._task is None:
            return False
        self._task.uncancel()
        return kind is asyncio.CancelledError


class _Answer:
    """The one answer to a request, counted with the time that it took to begin."""

    def __init__(self, runtime: Runtime, protocol: ChatProtocol, scope: Scope, send: Send) -> None:
        self._clock, self._protocol, self._scope, self._send = runtime.clock, protocol, scope, send
        self._began = time.monotonic()

    async def give(self, reply: Reply) -> None:
        body, headers = reply.body, [*reply.headers, *self._rates(reply.rates)]
        if isinstance(body, bytes):
            await self._whole(200, [*headers, JSON], body)
            return
        async with aclosing(body):
            await self._start(200, [*headers, EVENTS])
            async for piece in body:
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    async def refuse(self, error: Exception) -> None:
        told = to_api_error(error)
        if isinstance(error, KeyRefused):
            unknown.note(error.code, self._scope["path"], ip_of(self._scope["client"]))
        metrics.ERRORS.labels(type(error).__name__).inc()
        logger.info(
            "action=answer_error path=%s status=%s error=%s ms=%.1f",
            self._scope["path"], told.status, type(error).__name__, (time.monotonic() - self._began) * 1_000,
        )  # fmt: skip
        headers = [*_encoded(told.headers), *self._rates(told.rates), *id_headers(self._scope["operation_id"]), JSON]
        await self._whole(told.status, headers, self._protocol.write_error(told))

    def _rates(self, rates: Sequence[Rate]) -> Headers:
        return _encoded(self._protocol.rate_headers(rates, self._clock.now())) if rates else []

    async def _whole(self, status: int, headers: Headers, body: bytes) -> None:
        await self._start(status, [*headers, (b"content-length", b"%d" % len(body))])
        await self._send({"type": "http.response.body", "body": body})

    async def _start(self, status: int, headers: Headers) -> None:
        metrics.answered(self._scope["path"], status, self._began)
        await self._send({"type": "http.response.start", "status": status, "headers": headers})


def _encoded(headers: Mapping[str, str]) -> Headers:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _named(scope: Scope, send: Send) -> Send:
    """The same, which names and counts the answer of what Starlette serves."""
    began = time.monotonic()

    async def named(message: Message) -> None:
        if message["type"] == "http.response.start" and scope["path"].startswith("/v1"):
            message["headers"] = [*message["headers"], *id_headers(scope["operation_id"])]
            metrics.answered(OTHER, message["status"], began)
        await send(message)

    return named


# --- everything else


async def models(request: Request) -> Response:
    """GET /v1/models, in the shape of the client's dialect."""
    catalogue, router, caller = _offered(request)
    return _json(_lists(request).listed(catalogue, router, request.query_params, caller, datetime.now(UTC)))


async def model(request: Request) -> Response:
    """GET /v1/models/{id}"""
    catalogue, router, caller = _offered(request)
    wanted, now = request.path_params["model"], datetime.now(UTC)
    lists = anthropic_models if anthropic_models.HEADER in request.headers else openai_models
    found = lists.found(catalogue, router, wanted, caller, now)
    if found is None:
        raise HTTPException(404, f"There is no model {wanted!r}.")
    return _json(found)


async def count_tokens(request: Request) -> Response:
    """POST /v1/messages/count_tokens"""
    _caller(request)
    body = await read_body(request.receive, request.app.state.runtime.limits.max_body_bytes)
    return _json(anthropic_messages.count_tokens(body))


async def response(request: Request) -> Response:
    """GET and DELETE /v1/responses/{id}"""
    runtime, caller, name = _kept(request)
    if request.method == "DELETE":
        await response_state.forget(runtime, caller, name)
        return _json({"id": name, "object": "response", "deleted": True})
    if request.query_params.get("stream", "false") != "false":
        raise fields.wrong("stream", request.query_params["stream"], "false: what is kept is told whole")
    return _json((await response_state.find(runtime, caller, name)).response)


async def input_items(request: Request) -> Response:
    """GET /v1/responses/{id}/input_items"""
    kept = await response_state.find(*_kept(request))
    return _json(listed(kept, request.query_params))


def _kept(request: Request) -> tuple[Runtime, Caller, str]:
    return request.app.state.runtime, _caller(request), request.path_params["id"]


def _caller(request: Request) -> Caller:
    """Who asks here. Raises KeyRefused, KeysUnavailable, KeyOutOfScope."""
    caller = identify(request.headers, request.app.state.runtime.snapshots.current.ring, datetime.now(UTC))
    check_scope(caller, request.url.path, ip_of(request.client))
    return caller


def _lists(request: Request) -> ModuleType:
    """Whose list of models the client reads."""
    if anthropic_models.HEADER in request.headers:
        return anthropic_models
    return codex_models if codex_models.QUERY in request.query_params else openai_models


def _offered(request: Request) -> tuple[Catalogue, RouterRelease, Caller]:
    """What of the caller's releases the key may use, and the caller, who may not be offered all of it."""
    caller = _caller(request)
    check_permission(caller)
    rankings: Rankings = request.app.state.runtime.snapshots.current.rankings(user_key(caller))
    catalogue, router = rankings.catalogue, rankings.router
    if (allowed := allowed_models(caller, router)) is not None:
        catalogue = replace(
            catalogue, models={name: each for name, each in catalogue.models.items() if name in allowed}
        )
    if caller.scope and caller.scope.policies:
        named = {name: each for name, each in router.policies.items() if name in caller.scope.policies}
        router = replace(router, policies=named)
    return catalogue, router, caller


def _json(body: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")


def _error_response(request: Request, error: ApiError) -> Response:
    """An error in the client's dialect, also where there is nothing at the address."""
    is_anthropic = anthropic_models.HEADER in request.headers or "/messages" in request.url.path
    protocol: ChatProtocol = ANTHROPIC_MESSAGES if is_anthropic else OPENAI_CHAT
    return Response(protocol.write_error(error), error.status, dict(error.headers), "application/json")


async def _expected(request: Request, error: Exception) -> Response:
    if isinstance(error, KeyRefused):
        unknown.note(error.code, request.url.path, ip_of(request.client))
    return _error_response(request, to_api_error(error))


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code)
    is_nowhere = error.status_code == 404 and error.detail == "Not Found"
    message = f"There is no such address.{_hint(request.url.path)}" if is_nowhere else error.detail
    return _error_response(
        request,
        ApiError(
            status=error.status_code,
            message=message,
            type="invalid_request_error",
            code=code,
            headers=error.headers or {},
        ),
    )


def _hint(path: str) -> str:
    """What a client's base address may have too much or too little of."""
    if path.startswith("/v1/v1"):
        return " It has /v1 twice: leave it out of the base address, as Anthropic's clients need it."
    return " Add /v1 to the base address, as OpenAI's clients need it." if path.startswith(CLIENTS_ALONE) else ""


async def _unexpected(request: Request, error: Exception) -> Response:
    logger.error("action=request path=%s", request.url.path, exc_info=error)
    return _error_response(request, to_api_error(error))


async def _never(_: Request) -> Response:
    """Stands for what is answered before Starlette, so that other methods there are refused by their name."""
    raise NotImplementedError


def _others(paths: Iterable[str]) -> Starlette:
    return Starlette(
        routes=[
            *(Route(path, _never, methods=["POST"]) for path in paths),
            Route("/v1/messages/count_tokens", count_tokens, methods=["POST"]),
            Route("/v1/responses/{id}", response, methods=["GET", "DELETE"]),
            Route("/v1/responses/{id}/input_items", input_items),
            *batches.ROUTES,
            Route("/v1/models", models),
            Route("/v1/models/{model:path}", model),
        ],
        exception_handlers={
            HTTPException: _http,
            Exception: _unexpected,
            **dict.fromkeys(EXPECTED, _expected),
        },
    )
