"""A stream as clients of OpenAI's responses read it: numbered events, in which items and their parts begin, grow and end."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from models_registry.types import Usage
from models_registry.upstream.base import Choice, Chunk, ToolCall
from routerhub.gateway.errors import ApiError
from routerhub.gateway.protocols.base import COMMENT, Envelope
from routerhub.gateway.protocols.controls import FIELD
from routerhub.gateway.protocols.openai_responses.input import Tool
from routerhub.gateway.protocols.openai_responses.output import (
    PREFIXES,
    REASONING,
    REFUSAL,
    TEXT,
    call_item,
    item,
    part,
    said,
    told_logprobs,
)

Told = Callable[[list[dict[str, Any]], str | None, Usage | None], dict[str, Any]]
"""The response object of some items, why it ended, and what it used."""
WORDS = {TEXT: "response.output_text", REFUSAL: "response.refusal", REASONING: "response.reasoning_summary_text"}
PARTS = {
    TEXT: "response.content_part", REFUSAL: "response.content_part", REASONING: "response.reasoning_summary_part",
}  # fmt: skip


@dataclass(kw_only=True, slots=True)
class Growing:
    """An item that has not ended, and all the text of it so far."""

    place: int
    id: str
    call: ToolCall | None = None
    is_custom: bool = False
    pieces: list[str] = field(default_factory=list)
    logprobs: list[Any] = field(default_factory=list)
    sealed: str = ""

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def at(self) -> dict[str, Any]:
        return {"item_id": self.id, "output_index": self.place}


class ResponsesStream:
    """See routerhub.gateway.protocols.base.StreamWriter.

    Text, refusal and reasoning are one item at a time. A call stays open to the end: some upstreams go back to an earlier one.
    """

    def __init__(self, known: Mapping[str, Tool], envelope: Envelope, told: Told) -> None:
        self._known, self._own, self._told = known, envelope.operation_id.hex, told
        self._open: dict[str, Growing] = {}
        """By TEXT, REFUSAL, REASONING or a call's id."""
        self._calls: dict[int, str] = {}
        """The call that pieces with this index belong to."""
        self._done: dict[int, dict[str, Any]] = {}
        self._numbers = 0
        self._finish: str | None = None

    def chunk(self, chunk: Chunk) -> bytes:
        events = [event for choice in chunk.choices if choice.index == 0 for event in self._written(choice)]
        return self._sent(events) if events else b""

    def ping(self) -> bytes:
        return COMMENT

    def end(self, usage: Usage, metadata: Mapping[str, Any]) -> bytes:
        closed = list(self._closed(list(self._open)))
        whole = self._told([self._done[place] for place in sorted(self._done)], self._finish, usage)
        return self._sent([*closed, {"type": f"response.{whole['status']}", "response": {**whole, FIELD: metadata}}])

    def error(self, error: ApiError, metadata: Mapping[str, Any]) -> bytes:
        code = "rate_limit_exceeded" if error.status == 429 else "server_error"
        told = {"code": code, "message": error.message, "type": error.type, "param": error.param}
        failed = {**self._told([], None, None), "status": "failed", "error": told, FIELD: metadata}
        return self._sent([{"type": "response.failed", "response": failed}])

    def _sent(self, events: Iterable[dict[str, Any]]) -> bytes:
        """The events, numbered; before the first ones, that the response has begun."""
        if self._numbers == 0:
            begun = self._told([], None, None)
            events = [
                {"type": "response.created", "response": begun}, {"type": "response.in_progress", "response": begun}, *events
            ]  # fmt: skip
        lines = []
        for event in events:
            body = orjson.dumps({**event, "sequence_number": self._numbers})
            lines.append(b"event: %b\ndata: %b\n\n" % (event["type"].encode(), body))
            self._numbers += 1
        return b"".join(lines)

    # --- how items begin and grow

    def _written(self, choice: Choice) -> Iterator[dict[str, Any]]:
        for key, text in said(choice):
            if key not in self._open:
                yield from self._begun(key)
            growing = self._open[key]
            growing.pieces.append(text)
            told = told_logprobs(choice)
            growing.logprobs += told
            growing.sealed = choice.sealed or growing.sealed
            if not text:
                continue
            yield {"type": f"{WORDS[key]}.delta", **_place(key, growing), **_logprobs(key, told), "delta": text}
        for call in choice.tool_calls:
            yield from self._called(call)
        self._finish = choice.finish or self._finish

    def _begun(self, key: str) -> Iterator[dict[str, Any]]:
        yield from self._closed([other for other in self._open if other in WORDS])
        growing = self._grow(key, PREFIXES[key])
        yield {"type": "response.output_item.added", "output_index": growing.place, "item": item(key, growing.id, None)}
        yield {"type": f"{PARTS[key]}.added", **_place(key, growing), "part": part(key, "")}

    def _called(self, call: ToolCall) -> Iterator[dict[str, Any]]:
        """A piece of a call. Another id begins another one, also where the upstream counts them all as the same."""
        if call.id or call.index not in self._calls:
            self._calls[call.index] = call.id or f"call_{self._own}_{len(self._done) + len(self._open)}"
        key = self._calls[call.index]
        if key not in self._open:
            yield from self._closed([other for other in self._open if other in WORDS])
            growing = self._grow(key, "call", replace(call, id=key))
            begun = self._whole(key)
            growing.id, growing.is_custom = begun["id"], begun["type"] == "custom_tool_call"
            added = {**begun, "status": "in_progress"}
            yield {"type": "response.output_item.added", "output_index": growing.place, "item": added}
        growing = self._open[key]
        growing.pieces.append(call.arguments)
        if call.arguments and not growing.is_custom:
            yield {"type": "response.function_call_arguments.delta", **growing.at, "delta": call.arguments}

    def _grow(self, key: str, prefix: str, call: ToolCall | None = None) -> Growing:
        place = len(self._done) + len(self._open)
        growing = self._open[key] = Growing(place=place, id=f"{prefix}_{self._own}_{place}", call=call)
        return growing

    def _whole(self, key: str) -> dict[str, Any]:
        """An open item as it would be if it ended now."""
        growing = self._open[key]
        if growing.call is None:
            return item(key, growing.id, growing.text, growing.logprobs, growing.sealed)
        return call_item(replace(growing.call, arguments=growing.text), self._known, f"{self._own}_{growing.place}")

    # --- how they end

    def _closed(self, keys: Iterable[str]) -> Iterator[dict[str, Any]]:
        for key in keys:
            whole, growing = self._whole(key), self._open.pop(key)
            self._done[growing.place] = whole
            yield from _words_done(key, growing) if growing.call is None else _call_done(whole, growing)
            yield {"type": "response.output_item.done", "output_index": growing.place, "item": whole}


def _place(key: str, growing: Growing) -> dict[str, Any]:
    """Where a part stands: each item has one."""
    return {**growing.at, "summary_index" if key == REASONING else "content_index": 0}


def _logprobs(key: str, told: list[Any]) -> dict[str, Any]:
    """Whatever grows a text is to have log probabilities; the bytes of a token are told with the whole part."""
    plain = [
        {**_plain(each), "top_logprobs": [_plain(other) for other in each.get("top_logprobs") or ()]} for each in told
    ]
    return {"logprobs": plain} if key == TEXT else {}


def _plain(told: Mapping[str, Any]) -> dict[str, Any]:
    return {"token": told.get("token"), "logprob": told.get("logprob")}


def _words_done(key: str, growing: Growing) -> Iterator[dict[str, Any]]:
    name = "refusal" if key == REFUSAL else "text"
    yield {"type": f"{WORDS[key]}.done", **_place(key, growing), **_logprobs(key, growing.logprobs), name: growing.text}
    yield {"type": f"{PARTS[key]}.done", **_place(key, growing), "part": part(key, growing.text, growing.logprobs)}


def _call_done(whole: Mapping[str, Any], growing: Growing) -> Iterator[dict[str, Any]]:
    """A custom tool's text comes in one piece: before its end nobody knows what of the arguments it is."""
    if growing.is_custom:
        yield {"type": "response.custom_tool_call_input.delta", **growing.at, "delta": whole["input"]}
        yield {"type": "response.custom_tool_call_input.done", **growing.at, "input": whole["input"]}
    else:
        yield {"type": "response.function_call_arguments.done", **growing.at, "arguments": whole["arguments"]}
