"""Calls of OpenAI-compatible servers. The one place where the HTTP client's errors become ours."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from models_registry.types import Usage
from models_registry.upstream.errors import Failed, TimedOut, Unreachable, UpstreamError, for_status
from models_registry.upstream.sse import EventParser

CONNECT_TIMEOUT_S = 5
MAX_ERROR_CHARS = 500
DONE = b"[DONE]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request to one deployment. `timeout_s` bounds all of it, `idle_timeout_s` the silence between two reads."""

    url: str
    api_key: str
    payload: Mapping[str, Any]
    timeout_s: float
    idle_timeout_s: float


def open_session() -> aiohttp.ClientSession:
    """A session without a limit of its own: how much may run at once is not the client library's decision."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), auto_decompress=True)


async def complete(session: aiohttp.ClientSession, call: Call) -> dict[str, Any]:
    """The whole answer. Raises UpstreamError."""
    async with _post(session, call) as response:
        with _translated():
            body = await response.read()
    return _decode(body)


async def stream(session: aiohttp.ClientSession, call: Call) -> AsyncIterator[dict[str, Any]]:
    """The chunks as they come, without the closing mark. Raises UpstreamError, also when the closing mark never comes."""
    parser = EventParser()
    async with _post(session, call) as response:
        if not response.content_type.startswith("text/event-stream"):
            raise Failed(f"It answered {response.content_type} instead of a stream.", response.status)
        with _translated():
            async for piece in response.content.iter_any():
                for data in parser.feed(piece):
                    if data == DONE:
                        return
                    yield _chunk(data)
    raise Unreachable("The stream ended before it was done.")


@contextlib.asynccontextmanager
async def _post(session: aiohttp.ClientSession, call: Call) -> AsyncIterator[aiohttp.ClientResponse]:
    headers = {"Content-Type": "application/json"}
    if call.api_key:
        headers["Authorization"] = f"Bearer {call.api_key}"
    timeout = aiohttp.ClientTimeout(total=call.timeout_s, connect=CONNECT_TIMEOUT_S, sock_read=call.idle_timeout_s)
    with _translated():
        response = await session.post(
            f"{call.url}/chat/completions", data=orjson.dumps(call.payload), headers=headers, timeout=timeout
        )
    async with response:
        if response.status != 200:
            with _translated():
                raise _refusal(response, await response.read())
        yield response


@contextlib.contextmanager
def _translated() -> Any:
    """aiohttp's errors as ours."""
    try:
        yield
    except TimeoutError as problem:
        raise TimedOut("It did not answer in time.") from problem
    except (aiohttp.ClientError, ConnectionError, asyncio.IncompleteReadError) as problem:
        raise Unreachable(f"The connection failed: {problem}.") from problem


def _refusal(response: aiohttp.ClientResponse, body: bytes) -> UpstreamError:
    return for_status(response.status)(
        _message(body) or f"It answered {response.status} {response.reason}.",
        response.status,
        _retry_after_s(response.headers.get("Retry-After")),
    )


def _retry_after_s(header: str | None) -> float | None:
    """Seconds; the header's other form, a date, is treated as no advice."""
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None


def _message(body: bytes) -> str:
    """What an OpenAI-style error body says, without characters that the database cannot hold."""
    try:
        error = orjson.loads(body)["error"]
        text = error["message"] if isinstance(error, dict) else error
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        return ""
    return str(text).replace("\0", "")[:MAX_ERROR_CHARS]


def _decode(body: bytes) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise Failed("Its answer is not JSON.") from problem
    if not isinstance(answer, dict) or not isinstance(answer.get("choices"), list):
        raise Failed("Its answer has no choices.")
    return answer


def _chunk(data: bytes) -> dict[str, Any]:
    """One chunk. A server that fails after its 200 says so in an event."""
    try:
        chunk = orjson.loads(data)
    except orjson.JSONDecodeError as problem:
        raise Failed("A chunk of its stream is not JSON.") from problem
    if not isinstance(chunk, dict):
        raise Failed("A chunk of its stream is not an object.")
    if "error" in chunk and "choices" not in chunk:
        raise Failed(_message(data) or "It reported an error within its stream.")
    return chunk


def read_usage(raw: object) -> Usage | None:
    """The usage of an answer or a chunk, or None where it has none or it makes no sense."""
    if not isinstance(raw, Mapping):
        return None
    prompt, completion = _count(raw.get("prompt_tokens")), _count(raw.get("completion_tokens"))
    if prompt is None or completion is None:
        return None
    inputs, outputs = _details(raw, "prompt_tokens_details"), _details(raw, "completion_tokens_details")
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        cache_read_tokens=min(prompt, _count(inputs.get("cached_tokens")) or 0),
        audio_input_tokens=_count(inputs.get("audio_tokens")) or 0,
        audio_output_tokens=_count(outputs.get("audio_tokens")) or 0,
        reasoning_tokens=_count(outputs.get("reasoning_tokens")) or 0,
    )


def _details(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = raw.get(name)
    return found if isinstance(found, Mapping) else {}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
