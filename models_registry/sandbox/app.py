"""The sandbox's addresses, as an OpenAI-compatible server would answer: POST /v1/chat/completions, streamed and not, and
/v1/embeddings."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from models_registry.sandbox import vectors
from models_registry.sandbox.answers import Answer, BadField, answers, usage
from models_registry.sandbox.script import BadScript, Script, read

BAD = (orjson.JSONDecodeError, BadScript, BadField, AttributeError)


class Broken(Exception):
    """The script wants the connection to break here."""


def _json(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, "application/json")


def _error(status: int, message: str, headers: Mapping[str, str] | None = None, param: str | None = None) -> Response:
    kind = "invalid_request_error" if status < 500 else "server_error"
    return _json({"error": {"message": message, "type": kind, "param": param, "code": None}}, status, headers)


async def chat_completions(request: Request) -> Response:
    """Answer as scripted."""
    try:
        body = orjson.loads(await request.body())
        script = read(body.get("sandbox"))
        made = answers(body, script)
    except BAD as problem:
        return _refused(problem)
    if (failure := await _failure(script)) is not None:
        return failure
    if script.fail_break == "malformed" and not body.get("stream"):
        return Response(b'{"choices": [', 200, None, "application/json")
    if script.fail_break == "disconnect" and not body.get("stream"):
        return StreamingResponse(_cut(), media_type="application/json")
    if body.get("stream"):
        return StreamingResponse(_stream(body, script, made), media_type="text/event-stream")
    return _json(_completion(body, made))


async def embeddings(request: Request) -> Response:
    """Vectors, or the failure that the script wants."""
    try:
        body = orjson.loads(await request.body())
        script = read(body.get("sandbox"))
        made = vectors.answer(body)
    except BAD as problem:
        return _refused(problem)
    return await _failure(script) or _json(made)


def _refused(problem: Exception) -> Response:
    return _error(400, str(problem), param=problem.param if isinstance(problem, BadField) else None)


async def _failure(script: Script) -> Response | None:
    """After the script's latency the failure that it wants, if it wants one."""
    await asyncio.sleep(script.latency_ms / 1000)
    if not script.fail_status:
        return None
    headers = {"Retry-After": str(script.retry_after_s)} if script.retry_after_s is not None else None
    return _error(script.fail_status, f"The sandbox was told to fail with {script.fail_status}.", headers)


async def _cut() -> AsyncIterator[bytes]:
    yield b'{"id": "chat'
    raise Broken


def _head(body: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-sandbox-{time.time_ns():x}",
        "object": kind,
        "created": int(time.time()),
        "model": body.get("model", ""),
        "system_fingerprint": "sandbox",
    }


def _completion(body: Mapping[str, Any], made: Sequence[Answer]) -> dict[str, Any]:
    choices = [
        {"index": at, "message": each.message, "logprobs": each.logprobs(each.tokens), "finish_reason": each.finish}
        for at, each in enumerate(made)
    ]
    return {**_head(body, "chat.completion"), "choices": choices, "usage": usage(body, made)}


async def _stream(body: Mapping[str, Any], script: Script, made: Sequence[Answer]) -> AsyncIterator[bytes]:
    head = _head(body, "chat.completion.chunk")
    pieces = [(index, at, delta) for index, each in enumerate(made) for at, delta in enumerate(each.deltas)]
    for sent, (index, at, delta) in enumerate(pieces):
        if script.fail_break and sent >= (script.fail_after_chunks or 0):
            if script.fail_break == "disconnect":
                raise Broken
            yield b"data: {broken\n\n"
            return
        await asyncio.sleep(script.chunk_delay_ms / 1000)
        role = {"role": "assistant", "refusal": None} if at == 0 else {}
        logprobs = made[index].logprobs([delta["content"]]) if "content" in delta else None
        yield _event(head, index, {**role, **delta}, logprobs)
    for index, each in enumerate(made):
        yield _event(head, index, {}, None, each.finish)
    if (body.get("stream_options") or {}).get("include_usage"):
        yield _data({**head, "choices": [], "usage": usage(body, made)})
    yield b"data: [DONE]\n\n"


def _event(head: Mapping[str, Any], index: int, delta: Any, logprobs: Any, finish: str | None = None) -> bytes:
    choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
    return _data({**head, "choices": [choice]})


def _data(chunk: Mapping[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


async def health(_: Request) -> Response:
    return _json({"status": "ok"})


app = Starlette(
    routes=[
        Route("/v1/chat/completions", chat_completions, methods=["POST"]),
        Route("/v1/embeddings", embeddings, methods=["POST"]),
        Route("/healthz", health),
    ]
)
