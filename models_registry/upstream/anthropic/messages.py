"""Anthropic's messages, as its own servers speak them. What is asked in the neutral spelling is put into its blocks by
`request.py`; a client of the same dialect is passed on as it wrote."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import aiohttp
import orjson
from yarl import URL

from models_registry.types import Usage
from models_registry.upstream.anthropic.request import is_own, lacking, payload_of
from models_registry.upstream.base import (
    ANTHROPIC,
    Choice,
    Chunk,
    Completion,
    Lacking,
    ToolCall,
    UpstreamRequest,
)
from models_registry.upstream.errors import Failed, Unreachable, UpstreamError, for_refusal
from models_registry.upstream.reported_cost import reported_cost_nano
from models_registry.upstream.thoughts import sealed
from models_registry.upstream.wire import http
from models_registry.upstream.wire.json_values import count, mapping
from models_registry.upstream.wire.refusals import answer_to, loads, message_of, word

VERSION = "2023-06-01"
FINISHES = {
    "end_turn": "stop", "stop_sequence": "stop", "pause_turn": "stop", "max_tokens": "length",
    "model_context_window_exceeded": "length", "tool_use": "tool_calls", "refusal": "content_filter",
}  # fmt: skip
STATUSES = {
    "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403,
    "not_found_error": 404, "request_too_large": 413, "rate_limit_error": 429, "api_error": 500, "timeout_error": 504,
    "overloaded_error": 529,
}  # fmt: skip
"""The status that an error would have had which came as a success, or within a stream."""


class AnthropicAdapter:
    """See models_registry.upstream.base.Adapter."""

    protocol = ANTHROPIC

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    @staticmethod
    def credentials(api_key: str) -> dict[str, str]:
        return {"anthropic-version": VERSION, "x-api-key": api_key}

    def lacking(self, content: Mapping[str, Any], dialect: str, model: str) -> Lacking:
        return lacking(content, dialect, model)

    async def complete(self, request: UpstreamRequest) -> Completion:
        async with await self._post(request, payload_of(request)) as response:
            return read_message(await http.read_all(response), request.provider)

    async def stream(self, request: UpstreamRequest) -> AsyncGenerator[Chunk, None]:
        async with await self._post(request, {**payload_of(request), "stream": True}) as response:
            if not response.content_type.startswith("text/event-stream"):
                yield as_chunk(read_message(await http.read_all(response), request.provider))
                return
            events, reading = http.Events(response), _Reading(request.provider)
            while (batch := await (events.read_rest() if reading.is_complete else events.read())) is not None:
                for data in batch:
                    if data and (chunk := reading.read(data)) is not None:
                        yield chunk
                    if reading.is_over:
                        await events.drain()
                        return
            if not reading.is_complete:
                raise Unreachable("The stream ended before it was done.")

    async def _post(self, request: UpstreamRequest, payload: Mapping[str, Any]) -> aiohttp.ClientResponse:
        headers = {"Content-Type": "application/json", **self.credentials(request.api_key)}
        if is_own(request):
            headers |= request.native_headers
        url = URL(f"{request.address}/messages")
        return await answer_to(self._session, url, headers, payload, request, code="type")


ADAPTER = AnthropicAdapter


# --- whole answers


def read_message(body: bytes, provider: str = "") -> Completion:
    """The answer in a body. Raises UpstreamError, also for an error that came as a success."""
    answer = loads(body)
    if not isinstance(answer, dict):
        raise Failed("Its answer is not a JSON object.", status=200)
    if answer.get("type") == "error":
        raise _reported(answer)
    blocks = answer.get("content")
    if not isinstance(blocks, list) or not all([isinstance(block, dict) for block in blocks]):
        raise Failed("Its answer has no content.", status=200)
    calls = [block for block in blocks if block.get("type") == "tool_use"]
    thoughts = [block for block in blocks if block.get("type") == "thinking"]
    choice = Choice(
        index=0,
        text=_joined(blocks, "text"),
        reasoning=_joined(blocks, "thinking"),
        tool_calls=tuple(_call(at, block) for at, block in enumerate(calls)),
        finish=_finish(answer.get("stop_reason")) or "stop",
        sealed=sealed(ANTHROPIC, provider, thoughts[0].get("signature")) if len(thoughts) == 1 else "",
    )
    return Completion(choices=(choice,), usage=read_usage(answer.get("usage")), dialect=ANTHROPIC, native=answer)


def _joined(blocks: list[dict[str, Any]], kind: str) -> str:
    """The text of all blocks of a kind, which is under the kind's name."""
    return "".join([str(block.get(kind) or "") for block in blocks if block.get("type") == kind])


def _call(at: int, block: Mapping[str, Any]) -> ToolCall:
    arguments = orjson.dumps(block.get("input") or {}).decode()
    return ToolCall(index=at, id=str(block.get("id") or ""), name=str(block.get("name") or ""), arguments=arguments)


def _finish(reason: object) -> str | None:
    return FINISHES.get(reason, reason) if isinstance(reason, str) and reason else None


def _reported(answer: Mapping[str, Any]) -> UpstreamError:
    """An error that came as a success."""
    error = answer.get("error")
    kind = word(error, "type")
    status = STATUSES.get(kind or "", 200)
    text = message_of(error) or "It reported an error in place of an answer."
    return for_refusal(status, kind, text)(text, status=status, code=kind, was_refused=True)


def read_usage(raw: object) -> Usage | None:
    """Here what was read from a cache and written to it is counted apart from the input."""
    if not isinstance(raw, dict):
        return None
    fresh, output = count(raw.get("input_tokens")), count(raw.get("output_tokens"))
    if fresh is None or output is None:
        return None
    read, written = count(raw.get("cache_read_input_tokens")) or 0, count(raw.get("cache_creation_input_tokens")) or 0
    hourly = count(mapping(raw.get("cache_creation")).get("ephemeral_1h_input_tokens")) or 0
    return Usage(
        input_tokens=fresh + read + written,
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=min(written, hourly),
        web_searches=count(mapping(raw.get("server_tool_use")).get("web_search_requests")) or 0,
        reported_cost_nano=reported_cost_nano(raw),
    )


def as_chunk(completion: Completion) -> Chunk:
    """A whole answer as a stream of one chunk, for a server that was asked to stream and did not."""
    return Chunk(
        choices=completion.choices,
        usage=completion.usage,
        has_content=True,
        dialect=ANTHROPIC,
        native=completion.native,
    )


# --- streams


class _Reading:
    """One stream, event by event. Its usage is cumulative: what an event leaves out is as it was told before."""

    def __init__(self, provider: str) -> None:
        self.is_complete = self.is_over = False
        self._provider = provider
        self._usage: dict[str, Any] = {}
        self._calls: dict[int | None, int] = {}
        """Places among the calls, by the block's own."""

    def read(self, data: bytes) -> Chunk | None:
        """What an event says; None where that is nothing. A kind that nobody knows says nothing. Raises UpstreamError."""
        event = loads(data)
        kind = event.get("type") if isinstance(event, dict) else None
        if not isinstance(kind, str):
            raise Failed("An event of its stream is not an object with a type.")
        if kind == "error":
            raise _reported(event)
        self.is_over = kind == "message_stop"
        self.is_complete = self.is_complete or self.is_over
        choice, usage = Choice(index=0), None
        if kind == "content_block_start":
            choice = self._piece(event, "content_block")
        elif kind == "content_block_delta":
            choice = self._piece(event, "delta")
        elif kind in {"message_start", "message_delta"}:
            told = mapping(event.get("message")) if kind == "message_start" else event
            usage = self._used(told.get("usage"))
            choice = Choice(index=0, finish=_finish(mapping(event.get("delta")).get("stop_reason")))
            self.is_complete = self.is_complete or choice.finish is not None
        return Chunk(
            choices=(choice,),
            usage=usage,
            has_content=bool(choice.size or choice.finish),
            dialect=ANTHROPIC,
            native=event,
        )

    def _piece(self, event: Mapping[str, Any], name: str) -> Choice:
        """What a block begins with, or what is added to it."""
        piece, place = mapping(event.get(name)), count(event.get("index"))
        match piece.get("type"):
            case "text" | "text_delta":
                return Choice(index=0, text=str(piece.get("text") or ""))
            case "thinking" | "thinking_delta":
                return Choice(index=0, reasoning=str(piece.get("thinking") or ""))
            case "signature_delta":
                return Choice(index=0, sealed=sealed(ANTHROPIC, self._provider, piece.get("signature")))
            case "tool_use":
                self._calls[place] = len(self._calls)
                call = ToolCall(
                    index=self._calls[place],
                    id=str(piece.get("id") or ""),
                    name=str(piece.get("name") or ""),
                    arguments="",
                )
                return Choice(index=0, tool_calls=(call,))
            case "input_json_delta" if place in self._calls:
                text = str(piece.get("partial_json") or "")
                return Choice(index=0, tool_calls=(ToolCall(index=self._calls[place], id="", name="", arguments=text),))
        return Choice(index=0)

    def _used(self, raw: object) -> Usage | None:
        if not isinstance(raw, dict):
            return None
        self._usage |= {name: value for name, value in raw.items() if value is not None}
        return read_usage(self._usage)
