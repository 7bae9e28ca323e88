"""The sandbox's addresses: it answers as a server of each dialect would, streamed and not, as it is told to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from models_registry.sandbox import vectors
from models_registry.sandbox.answers import Answer, BadField, answers
from models_registry.sandbox.anthropic import Anthropic
from models_registry.sandbox.dialect import Dialect, Json, Vectors
from models_registry.sandbox.google import Google
from models_registry.sandbox.openai import OpenAI
from models_registry.sandbox.openai_responses import OpenAIResponses
from models_registry.sandbox.script import BadScript, Script, read

GARBAGE = b"data: {broken\n\n"
OPENAI, GOOGLE = OpenAI(), Google()
BAD = (orjson.JSONDecodeError, BadScript, BadField, AttributeError, KeyError, TypeError)


class Broken(Exception):
    """The script wants the connection to break here."""


def speaking(dialect: Dialect) -> Callable[[Request], Awaitable[Response]]:
    """The address of a dialect."""

    async def answer(request: Request) -> Response:
        try:
            body = orjson.loads(await request.body())
            script = read(body.get("sandbox"))
            asked = dialect.asked(body, request.path_params)
            made = answers(asked, script)
        except BAD as problem:
            return _misread(dialect, problem)
        if (failure := await _failure(dialect, script)) is not None:
            return failure
        if asked.get("stream"):
            return StreamingResponse(_stream(dialect, asked, script, made), media_type="text/event-stream")
        await _wait(script.latency_ms)
        if script.fail_break == "malformed":
            return Response(b'{"choices": [', 200, None, "application/json")
        if script.fail_break == "disconnect":
            return StreamingResponse(_cut(), media_type="application/json")
        return _json(dialect.whole(asked, made))

    return answer


def giving_vectors(dialect: Vectors) -> Callable[[Request], Awaitable[Response]]:
    """The address of a dialect's vectors."""

    async def embeddings(request: Request) -> Response:
        try:
            body = orjson.loads(await request.body())
            script = read(body.get("sandbox"))
            made = vectors.answer(dialect.asked_vectors(body))
        except BAD as problem:
            return _misread(dialect, problem)
        if (failure := await _failure(dialect, script)) is not None:
            return failure
        await _wait(script.latency_ms)
        return _json(dialect.vectors(made))

    return embeddings


def _misread(dialect: Dialect, problem: Exception) -> Response:
    return _refused(dialect, 400, str(problem), param=problem.param if isinstance(problem, BadField) else None)


async def _failure(dialect: Dialect, script: Script) -> Response | None:
    """The failure that the script wants, if it wants one, when the time for the head has come."""
    await _wait(script.head_delay_ms)
    if not script.fail_status:
        return None
    await _wait(script.latency_ms)
    headers = {"Retry-After": str(script.retry_after_s)} if script.retry_after_s is not None else None
    return _refused(dialect, script.fail_status, f"The sandbox was told to fail with {script.fail_status}.", headers)


def _json(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, "application/json")


def _refused(
    dialect: Dialect, status: int, message: str, headers: Mapping[str, str] | None = None, param: str | None = None
) -> Response:
    return _json(dialect.error(status, message, param), status, headers)


async def _cut() -> AsyncIterator[bytes]:
    yield b'{"id": "chat'
    raise Broken


async def _wait(ms: int) -> None:
    await asyncio.sleep(ms / 1000)


async def _stream(dialect: Dialect, asked: Json, script: Script, made: Sequence[Answer]) -> AsyncIterator[bytes]:
    await _wait(script.latency_ms)
    yield dialect.begin(asked, made)
    for sent, piece in enumerate(dialect.pieces(asked, made)):
        if script.fail_break and sent >= (script.fail_after_chunks or 0):
            if script.fail_break == "disconnect":
                raise Broken
            yield GARBAGE
            return
        await _wait(script.chunk_delay_ms)
        yield piece
    yield dialect.end(asked, made)


async def health(_: Request) -> Response:
    return _json({"status": "ok"})


app = Starlette(
    routes=[
        Route("/v1/chat/completions", speaking(OPENAI), methods=["POST"]),
        Route("/v1/responses", speaking(OpenAIResponses()), methods=["POST"]),
        Route("/v1/embeddings", giving_vectors(OPENAI), methods=["POST"]),
        Route("/v1/messages", speaking(Anthropic()), methods=["POST"]),
        Route("/{version:str}/models/{model:str}:batchEmbedContents", giving_vectors(GOOGLE), methods=["POST"]),
        Route("/{version:str}/models/{call:str}", speaking(GOOGLE), methods=["POST"]),
        Route("/healthz", health),
    ]
)
