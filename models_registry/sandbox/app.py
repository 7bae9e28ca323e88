"""The sandbox's address: POST /v1/chat/completions, streamed and not, as an OpenAI-compatible server would answer."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from models_registry.sandbox.script import BadScript, Script, answer, read

CHARS_PER_TOKEN = 4


class Broken(Exception):
    """The script wants the connection to break here."""


def _json(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, "application/json")


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    kind = "invalid_request_error" if status < 500 else "server_error"
    return _json({"error": {"message": message, "type": kind, "param": None, "code": None}}, status, headers)


async def chat_completions(request: Request) -> Response:
    """Answer as scripted."""
    try:
        body = orjson.loads(await request.body())
        script = read(body.get("sandbox"))
    except (orjson.JSONDecodeError, BadScript, AttributeError) as problem:
        return _error(400, str(problem))
    await asyncio.sleep(script.latency_ms / 1000)
    if script.fail_status:
        headers = {"Retry-After": str(script.retry_after_s)} if script.retry_after_s is not None else None
        return _error(script.fail_status, f"The sandbox was told to fail with {script.fail_status}.", headers)
    if script.fail_break == "malformed" and not body.get("stream"):
        return Response(b'{"choices": [', 200, None, "application/json")
    if script.fail_break == "disconnect" and not body.get("stream"):
        return StreamingResponse(_cut(), media_type="application/json")
    if body.get("stream"):
        return StreamingResponse(_stream(body, script), media_type="text/event-stream")
    return _json(_completion(body, script))


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


def _max_tokens(body: Mapping[str, Any]) -> int | None:
    given = body.get("max_completion_tokens", body.get("max_tokens"))
    return given if isinstance(given, int) else None


def _usage(body: Mapping[str, Any], output: Sequence[str]) -> dict[str, Any]:
    prompt = max(1, len(orjson.dumps(body.get("messages", []))) // CHARS_PER_TOKEN)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": len(output),
        "total_tokens": prompt + len(output),
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def _message(body: Mapping[str, Any], tokens: Sequence[str]) -> tuple[dict[str, Any], str | None]:
    """The assistant's message; with a forced tool, a call of it with empty arguments."""
    choice = body.get("tool_choice")
    tools = body.get("tools") or []
    if tools and (choice == "required" or isinstance(choice, dict)):
        name = choice["function"]["name"] if isinstance(choice, dict) else tools[0]["function"]["name"]
        call = {"id": "call_sandbox", "type": "function", "function": {"name": name, "arguments": "{}"}}
        return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
    text = "".join(tokens)
    if (body.get("response_format") or {}).get("type") in {"json_object", "json_schema"}:
        text = orjson.dumps({"sandbox": text}).decode()
    return {"role": "assistant", "content": text}, None


def _completion(body: Mapping[str, Any], script: Script) -> dict[str, Any]:
    tokens, finish = answer(script, _max_tokens(body))
    message, instead = _message(body, tokens)
    return {
        **_head(body, "chat.completion"),
        "choices": [{"index": 0, "message": message, "finish_reason": instead or finish}],
        "usage": _usage(body, tokens),
    }


async def _stream(body: Mapping[str, Any], script: Script) -> AsyncIterator[bytes]:
    tokens, finish = answer(script, _max_tokens(body))
    message, instead = _message(body, tokens)
    head = _head(body, "chat.completion.chunk")
    pieces: list[dict[str, Any]] = [{"content": token} for token in tokens]
    if instead:
        pieces = [{"tool_calls": [{"index": 0, **call} for call in message["tool_calls"]]}]
    for at, piece in enumerate(pieces):
        if script.fail_break and at >= (script.fail_after_chunks or 0):
            if script.fail_break == "disconnect":
                raise Broken
            yield b"data: {broken\n\n"
            return
        await asyncio.sleep(script.chunk_delay_ms / 1000)
        role = {"role": "assistant"} if at == 0 else {}
        yield _event({**head, "choices": [{"index": 0, "delta": {**role, **piece}, "finish_reason": None}]})
    yield _event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": instead or finish}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        yield _event({**head, "choices": [], "usage": _usage(body, tokens)})
    yield b"data: [DONE]\n\n"


def _event(chunk: Mapping[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


async def health(_: Request) -> Response:
    return _json({"status": "ok"})


app = Starlette(
    routes=[
        Route("/v1/chat/completions", chat_completions, methods=["POST"]),
        Route("/healthz", health),
    ]
)
