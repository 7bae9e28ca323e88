"""The data plane's addresses. Handlers are thin: read, call the pipeline, write."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from autorouter.types import RouterRelease
from models_registry.types import Catalogue
from routerhub.audit.change import valid_address
from routerhub.gateway import listing, pipeline
from routerhub.gateway.auth import identify
from routerhub.gateway.errors import EXPECTED, ApiError, TooLarge, to_api_error
from routerhub.gateway.parts import Parts
from routerhub.gateway.wire.values import AUTO, POLICY_PREFIX, Client

logger = logging.getLogger(__name__)
CLIENT_LEFT = 499
MAX_DISCARDED_BYTES = 64 * 1024 * 1024
Handler = Callable[[Request], Awaitable[Response]]


def parts_of(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


async def chat_completions(request: Request) -> Response:
    """POST /v1/chat/completions"""
    parts = parts_of(request)
    body = await read_body(request, parts.limits.max_body_bytes)
    address = valid_address(request.client.host if request.client else None)
    client = Client(ip=address, user_agent=request.headers.get("user-agent", ""))
    work = asyncio.create_task(pipeline.chat(parts, request.headers, body, client))
    if not await _finished_before_client_left(request, work):
        return Response(status_code=CLIENT_LEFT)
    reply = work.result()
    if isinstance(reply.body, bytes):
        return Response(reply.body, 200, dict(reply.headers), "application/json")
    return StreamingResponse(reply.body, 200, dict(reply.headers), "text/event-stream")


async def read_body(request: Request, most: int) -> bytes:
    """The body, never more than `most` bytes of it in memory. Raises TooLarge.

    What is too large is still read for a while, piece by piece, and thrown away: a client that is cut off in the middle
    of sending never sees why.
    """
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size <= most:
            pieces.append(piece)
        elif size > most + MAX_DISCARDED_BYTES:
            break
        else:
            pieces.clear()
    if size > most:
        raise TooLarge(most)
    return b"".join(pieces)


async def _finished_before_client_left(request: Request, work: "asyncio.Task[Any]") -> bool:
    """Wait for the work; when the client leaves first, cancel it (it settles by itself) and return False."""
    leaving = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return True
        work.cancel()
        await asyncio.wait({work})
        return False
    finally:
        leaving.cancel()
        if not work.done():
            work.cancel()


async def models(request: Request) -> Response:
    """GET /v1/models, see routerhub.gateway.listing."""
    catalogue, router, sees_internal = _offered(request)
    asked = listing.read(request.query_params)
    return _json(listing.listed(catalogue, router, asked, sees_internal, datetime.now(UTC)))


async def model(request: Request) -> Response:
    """GET /v1/models/{id}"""
    catalogue, router, sees_internal = _offered(request)
    wanted = request.path_params["model"]
    found = catalogue.models.get(wanted)
    if wanted == AUTO or wanted.removeprefix(POLICY_PREFIX) in router.policies:
        return _json(listing.entry(wanted, "routerhub"))
    if found is None or not listing.is_shown(found, sees_internal, datetime.now(UTC)):
        raise HTTPException(404, f"There is no model {wanted!r}.")
    return _json(listing.model_entry(found))


def _offered(request: Request) -> tuple[Catalogue, RouterRelease, bool]:
    """The caller's releases, and whether internal models are shown to them."""
    snapshot = parts_of(request).snapshots.current
    caller = identify(request.headers, snapshot.ring, datetime.now(UTC))
    user = f"{caller.user_id or f'key {caller.key_id}'}"
    catalogue, router = snapshot.releases.for_user("catalogue", user), snapshot.releases.for_user("router", user)
    return catalogue, router, "admin" in caller.permissions


def _json(body: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")


def _error_response(error: ApiError) -> Response:
    return Response(orjson.dumps(error.body()), error.status, dict(error.headers), "application/json")


async def _expected(_: Request, error: Exception) -> Response:
    return _error_response(to_api_error(error))


async def _http(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code)
    message = error.detail if error.status_code != 404 or error.detail != "Not Found" else "There is no such address."
    return _error_response(
        ApiError(
            status=error.status_code,
            message=message,
            type="invalid_request_error",
            code=code,
            headers=error.headers or {},
        )
    )


async def _unexpected(request: Request, error: Exception) -> Response:
    logger.error("action=request path=%s at=%s", request.url.path, time.time(), exc_info=error)
    return _error_response(to_api_error(error))


def build() -> Starlette:
    """The application. Its parts are put into `state.parts` before the first request."""
    return Starlette(
        routes=[
            Route("/v1/chat/completions", chat_completions, methods=["POST"]),
            Route("/v1/models", models),
            Route("/v1/models/{model:path}", model),
        ],
        exception_handlers={
            HTTPException: _http,
            Exception: _unexpected,
            **dict.fromkeys(EXPECTED, _expected),
        },
    )
