"""What a server says when it does not answer: read from any JSON, whatever it turns out to be."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson
from yarl import URL

from models_registry.upstream.base import UpstreamRequest
from models_registry.upstream.errors import for_refusal
from models_registry.upstream.wire import http, rate_limits

MAX_MESSAGE_CHARS = 500
BAD_KEY = "API key "
"""How Google's servers begin to refuse a key, with status 400."""
TOO_MANY = 429
MAX_DEPTH = 250
"""Of nested lists and objects. The JSON library reads deeper ones and does not write them."""


async def answer_to(
    session: aiohttp.ClientSession,
    url: URL,
    headers: Mapping[str, str],
    payload: Mapping[str, Any],
    request: UpstreamRequest,
    code: str,
) -> aiohttp.ClientResponse:
    """The response, where it is an answer. `code` is where an error of this dialect has its code. Raises UpstreamError."""
    response = await http.post(session, url, headers, orjson.dumps(payload), request)
    try:
        await _check(response, code)
    except BaseException:
        response.release()
        raise
    return response


async def _check(response: aiohttp.ClientResponse, code: str) -> None:
    """Raises what any status but 200 stands for."""
    if response.status == 200:
        return
    error = error_of(loads(await http.read_refusal(response)))
    message, found = message_of(error), word(error, code)
    raise for_refusal(response.status, found, message)(
        message or f"It answered {response.status} {response.reason}.",
        status=response.status,
        retry_after_s=_pause_s(response, error),
        code=found,
        param=word(error, "param"),
    )


def _pause_s(response: aiohttp.ClientResponse, error: Any) -> float | None:
    """The pause that is asked for, in a header or as Google's servers do in the details of the error; or until the limit that
    was run into is free again."""
    details = error.get("details") if isinstance(error, dict) else None
    delays = [each.get("retryDelay") for each in details if isinstance(each, dict)] if isinstance(details, list) else []
    told = next((each.removesuffix("s") for each in delays if isinstance(each, str)), None)
    asked = http.retry_after_s(response.headers)
    if asked is None and told:
        asked = http.retry_after_s({"Retry-After": told})
    if asked is not None or response.status != TOO_MANY:
        return asked
    return rate_limits.reset_s(response.headers)


def loads(body: bytes) -> Any:
    """The JSON in a body. None where it is none, or nested deeper than it could be written again."""
    try:
        value = orjson.loads(body)
        if len(body) > 2 * MAX_DEPTH and body.count(b"[") + body.count(b"{") > MAX_DEPTH:
            orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return value


def error_of(body: Any) -> Any:
    """The error in a body: an object or a text, under "error" as a rule; Google's servers put it into a list."""
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return None
    return body.get("error") or (body if "message" in body else body.get("detail"))


def message_of(error: Any) -> str:
    """What an error says."""
    text = error.get("message") if isinstance(error, dict) else error
    return "" if text is None else str(text)[:MAX_MESSAGE_CHARS]


def word(error: Any, name: str) -> str | None:
    value = error.get(name) if isinstance(error, dict) else None
    return str(value)[:MAX_MESSAGE_CHARS] if isinstance(value, str | int) and not isinstance(value, bool) else None
