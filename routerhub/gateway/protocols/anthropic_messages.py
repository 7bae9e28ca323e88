"""Anthropic's messages: read into the neutral spelling; answers, streams and errors as Anthropic's clients read them."""

from collections.abc import Container, Iterator, Mapping
from typing import Any

import orjson

from models_registry.types import Usage
from models_registry.upstream.base import ANTHROPIC, Choice, Chunk, Completion, ToolCall
from routerhub.gateway.answers.rates import anthropic_headers
from routerhub.gateway.errors import ApiError
from routerhub.gateway.protocols import anthropic_own, fields
from routerhub.gateway.protocols.anthropic_blocks import (
    effort_of,
    messages_of,
    response_format_of,
    tool_choice_of,
    tools_of,
)
from routerhub.gateway.protocols.base import AUTO, ChatRequest, Envelope
from routerhub.gateway.protocols.controls import FIELD, read_controls
from routerhub.gateway.protocols.extras import extras_of
from routerhub.gateway.protocols.parameters import MESSAGES, at_list_price
from routerhub.gateway.protocols.prompt_size import likely_input_tokens, max_input_tokens

MAX_OUTPUT_TOKENS = 10_000_000
CARRIED = {"temperature": "temperature", "top_p": "top_p", "stop_sequences": "stop"}
"""Fields that mean the same, with their neutral name."""
NAMES = {
    "stop": "stop_sequences", "response_format": "output_config.format",
    "parallel_tool_calls": "tool_choice.disable_parallel_tool_use",
}  # fmt: skip
"""Of the neutral fields that are called otherwise here."""
TOLD_BY_HEADERS = ("anthropic-beta", "anthropic-version")
"""Which features the body uses, and of which version it is: a body without its header is refused."""
STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
ERROR_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 408: "timeout_error", 409: "invalid_request_error", 413: "request_too_large",
    422: "invalid_request_error", 429: "rate_limit_error", 503: "overloaded_error", 504: "timeout_error",
    529: "overloaded_error",
}  # fmt: skip
"""By status; all others are an api_error."""


TEXT = {"type": "text", "text": ""}
THINKING = {"type": "thinking", "thinking": "", "signature": ""}
"""Not every upstream signs what its models think."""
NOTHING = Usage(input_tokens=0, output_tokens=0)
UNTOLD = {"delta": {"stop_reason": "end_turn", "stop_sequence": None}}
"""How a message ends whose upstream, of this dialect, did not say how."""


class AnthropicMessages:
    """See routerhub.gateway.protocols.base.ChatProtocol."""

    path = "/v1/messages"
    rate_headers = staticmethod(anthropic_headers)

    def read(self, body: bytes, headers: Mapping[str, str]) -> ChatRequest:
        raw, left_out = at_list_price(fields.json_object(body))
        MESSAGES.check(raw)
        fields.number(raw.get("temperature"), "temperature", 0, 1)
        fields.number(raw.get("top_p"), "top_p", 0, 1)
        fields.stops(raw.get("stop_sequences"), "stop_sequences")
        max_tokens = fields.whole(raw.get("max_tokens"), "max_tokens", MAX_OUTPUT_TOKENS)
        if max_tokens is None:
            raise fields.wrong("max_tokens", None, f"a whole number from 1 to {MAX_OUTPUT_TOKENS:,}")
        content, only_own = _content(raw), anthropic_own.first(raw)
        described = anthropic_own.DESCRIBED_TOKENS if only_own else 0
        return ChatRequest(
            model=fields.text(raw.get("model", AUTO), "model"),
            messages=content["messages"],
            content=content,
            dialect=ANTHROPIC,
            native=raw,
            native_headers={name: headers[name] for name in TOLD_BY_HEADERS if name in headers},
            script=raw.get("sandbox"),
            stream=fields.flag(raw.get("stream"), "stream"),
            include_usage=True,
            max_output_tokens=max_tokens,
            choices=1,
            has_tools=bool(raw.get("tools")),
            is_structured="response_format" in content,
            max_input_tokens=max_input_tokens(len(body), content["messages"]) + described,
            extras=extras_of(body),
            dropped=_dropped(raw),
            left_out=left_out,
            only_own=only_own,
            names=NAMES | {"reasoning_effort": effort_of(raw.get("output_config"), raw.get("thinking"))[1]},
            controls=read_controls(raw.get(FIELD), headers),
        )

    def write(
        self,
        completion: Completion,
        request: ChatRequest,
        envelope: Envelope,
        usage: Usage,
        metadata: Mapping[str, Any],
    ) -> bytes:
        if completion.dialect == ANTHROPIC:
            told = {"model": envelope.model, **_counted(usage), FIELD: metadata}
            return orjson.dumps({**completion.native, **told})
        choice = completion.choices[0] if completion.choices else Choice(index=0)
        blocks = list(_blocks(choice, _thinks(request)))
        message = _message(envelope, blocks, _stop_reason(choice.finish, bool(choice.tool_calls)), usage)
        return orjson.dumps({**message, FIELD: metadata})

    def stream_writer(self, request: ChatRequest, envelope: Envelope) -> "AnthropicStream":
        return AnthropicStream(_thinks(request), envelope)

    def write_error(self, error: ApiError) -> bytes:
        return orjson.dumps(_error(error))


PROTOCOL = AnthropicMessages()


# --- reading


def _content(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked, in the neutral spelling."""
    carried = {new: raw[old] for old, new in CARRIED.items() if raw.get(old) is not None}
    tools = tools_of(raw.get("tools"))
    with_tools = {"tools": tools, **tool_choice_of(raw.get("tool_choice"))} if tools else {}
    messages = messages_of(raw.get("system"), raw.get("messages"))
    effort, _ = effort_of(raw.get("output_config"), raw.get("thinking"))
    return {
        "messages": messages,
        **carried,
        **with_tools,
        **response_format_of(raw.get("output_config")),
        **({"reasoning_effort": effort} if effort else {}),
    }


def _dropped(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Fields that no other dialect has, or that nobody here knows."""
    config = raw.get("output_config")
    parts = (
        {f"output_config.{name}" for name in config.keys() - {"format", "effort"}}
        if isinstance(config, dict)
        else set()
    )
    return fields.dropped(MESSAGES.dropped_of(raw) | parts)


def count_tokens(body: bytes) -> dict[str, int]:
    """What POST /v1/messages/count_tokens answers: an estimate, since each model counts otherwise, and rather too much than too
    little, since clients shorten their conversations by it. Raises BadRequest."""
    content = _content(fields.json_object(body))
    return {"input_tokens": likely_input_tokens(content)}


def _thinks(request: ChatRequest) -> bool:
    """Whether the client wants to see what the model thinks: others take the first block for the answer."""
    thinking = (request.native or {}).get("thinking")
    return isinstance(thinking, dict) and thinking.get("type", "disabled") != "disabled"


# --- writing


def _message(envelope: Envelope, blocks: list[dict[str, Any]], stop_reason: str | None, usage: Usage) -> dict[str, Any]:
    return {
        "id": f"msg_{envelope.operation_id.hex}",
        "type": "message",
        "role": "assistant",
        "model": envelope.model,
        "content": blocks,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": _usage(usage),
    }


def _blocks(choice: Choice, thinks: bool) -> Iterator[dict[str, Any]]:
    """What a whole choice says."""
    if (choice.reasoning or choice.sealed) and thinks:
        yield {**THINKING, "thinking": choice.reasoning, "signature": choice.sealed}
    if text := choice.text + choice.refusal:
        yield {**TEXT, "text": text}
    for call in choice.tool_calls:
        yield {**_tool_use(call), "input": _arguments(call.arguments)}


def _tool_use(call: ToolCall) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}


def _arguments(text: str) -> Any:
    """A call's input, which is an object. What is none is told as it is, so that the client's own check can say so."""
    try:
        found = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {"invalid_json": text}
    return found if isinstance(found, dict) else {"invalid_json": text}


def _stop_reason(finish: str | None, has_calls: bool) -> str:
    """Some upstreams say "stop" where they call a tool."""
    return "tool_use" if has_calls and finish in {None, "stop"} else STOP_REASONS.get(finish or "stop", "end_turn")


def _usage(usage: Usage) -> dict[str, Any]:
    """Here what was read from a cache or written to it is no part of the input."""
    return {
        "input_tokens": usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "output_tokens": usage.output_tokens,
    }


def _joined(before: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    """One closing event out of two: what the later one leaves out is as the earlier one told it."""
    parts = {
        name: {**before[name], **event[name]}
        for name in ("delta", "usage")
        if isinstance(before.get(name), dict) and isinstance(event.get(name), dict)
    }
    told = {name: value for name, value in event.items() if value is not None}
    return {**before, **told, **parts}


def _counted(usage: Usage) -> dict[str, Any]:
    """In place of what an upstream of this dialect told, where that was nothing or cannot be."""
    return {"usage": _usage(usage)} if usage.is_estimated else {}


class AnthropicStream:
    """See routerhub.gateway.protocols.base.StreamWriter.

    Text and thinking are one block at a time. A call of a tool stays open to the end: some upstreams go back to an earlier one.
    """

    def __init__(self, thinks: bool, envelope: Envelope) -> None:
        self._thinks = thinks
        self._envelope = envelope
        self._open: dict[str, int] = {}
        """Blocks that have not ended: "text", "thinking" or a call's key, with their place."""
        self._calls: dict[int, str] = {}
        """The call that pieces with this index belong to, by its id."""
        self._blocks = 0
        self._has_begun = False
        self._finish: str | None = None
        self._closing: Mapping[str, Any] | None = None
        """The event by which an upstream of this dialect said why it ended."""

    def chunk(self, chunk: Chunk) -> bytes:
        if chunk.dialect == ANTHROPIC and chunk.native.get("type") != "message":
            return self._passed(chunk.native)
        said = b"".join([piece for choice in chunk.choices if choice.index == 0 for piece in self._written(choice)])
        return self._begun() + said if said else b""

    def ping(self) -> bytes:
        return _event("ping")

    def end(self, usage: Usage, metadata: Mapping[str, Any]) -> bytes:
        if self._closing is not None:
            closing = {**_joined(UNTOLD, self._closing), **_counted(usage), FIELD: metadata}
            return _event("message_delta", closing) + _event("message_stop")
        stop_reason = _stop_reason(self._finish, bool(self._calls))
        delta = {"delta": {"stop_reason": stop_reason, "stop_sequence": None}, "usage": _usage(usage), FIELD: metadata}
        return self._begun() + self._closed() + _event("message_delta", delta) + _event("message_stop")

    def error(self, error: ApiError, metadata: Mapping[str, Any]) -> bytes:
        return _event("error", {**_error(error), FIELD: metadata})

    def _passed(self, event: Mapping[str, Any]) -> bytes:
        """An event of an upstream of this dialect, with every field of it but the model's name."""
        kind, delta = event["type"], event.get("delta")
        if kind == "message_delta":
            self._closing = _joined(self._closing or {}, event)
        if kind in {"message_delta", "message_stop", "ping"} or (
            kind == "content_block_delta" and not isinstance(delta, dict)
        ):
            return b""
        if kind == "message_start":
            self._has_begun = True
            message = event.get("message")
            named = {**message, "model": self._envelope.model} if isinstance(message, dict) else message
            return _event(kind, {**event, "message": named})
        return _event(kind, event)

    def _begun(self) -> bytes:
        """The head of the stream, once. What was read is told at its end, when it is known."""
        if self._has_begun:
            return b""
        self._has_begun = True
        return _event("message_start", {"message": _message(self._envelope, [], None, NOTHING)})

    def _written(self, choice: Choice) -> Iterator[bytes]:
        if choice.reasoning and self._thinks:
            yield self._delta("thinking", THINKING, {"type": "thinking_delta", "thinking": choice.reasoning})
        if choice.sealed and self._thinks:
            yield self._delta("thinking", THINKING, {"type": "signature_delta", "signature": choice.sealed})
        if text := choice.text + choice.refusal:
            yield self._delta("text", TEXT, {"type": "text_delta", "text": text})
        for call in choice.tool_calls:
            yield self._called(call)
        self._finish = choice.finish or self._finish

    def _called(self, call: ToolCall) -> bytes:
        """A piece of a call. Another id begins another one, also where the upstream counts them all as the same."""
        if call.id or call.index not in self._calls:
            self._calls[call.index] = call.id or f"toolu_{self._envelope.operation_id.hex}_{self._blocks}"
        key = self._calls[call.index]
        delta = {"type": "input_json_delta", "partial_json": call.arguments}
        return self._delta(key, {**_tool_use(call), "id": key}, delta)

    def _delta(self, key: str, block: Mapping[str, Any], delta: Mapping[str, Any]) -> bytes:
        """A piece of a block, which begins with its first one."""
        started = b""
        if key not in self._open:
            started = self._closed({"text", "thinking"})
            started += _event("content_block_start", {"index": self._blocks, "content_block": block})
            self._open[key], self._blocks = self._blocks, self._blocks + 1
        return started + _event("content_block_delta", {"index": self._open[key], "delta": delta})

    def _closed(self, keys: Container[str] | None = None) -> bytes:
        """The ends of these blocks, or of all."""
        ending = [key for key in self._open if keys is None or key in keys]
        return b"".join([_event("content_block_stop", {"index": self._open.pop(key)}) for key in ending])


def _event(kind: str, values: Mapping[str, Any] | None = None) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps({"type": kind, **(values or {})}))


def _error(error: ApiError) -> dict[str, Any]:
    """{"type": "error", "error": {"type", "message", "details": {...}}}; `details` has our code, the field and the figures."""
    details = {"error_code": error.code, "param": error.param, **error.details}
    kind = ERROR_TYPES.get(error.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": error.message, "details": details}}
