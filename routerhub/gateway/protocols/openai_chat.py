"""OpenAI's chat completions. Only what is decided upon is checked; the rest passes through, both ways."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from models_registry.types import Usage
from models_registry.upstream.base import OPENAI, Choice, Chunk, Completion, ToolCall
from routerhub.gateway.answers.rates import openai_headers
from routerhub.gateway.errors import ApiError
from routerhub.gateway.protocols import fields
from routerhub.gateway.protocols.base import AUTO, COMMENT, ChatRequest, Envelope
from routerhub.gateway.protocols.controls import FIELD, read_controls
from routerhub.gateway.protocols.extras import extras_of
from routerhub.gateway.protocols.parameters import at_list_price
from routerhub.gateway.protocols.prompt_size import max_input_tokens

STRUCTURED = frozenset({"json_object", "json_schema"})
ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
WORDS = ("text", "refusal")
"""Parts that are text, under the name of their type."""
PLAIN = frozenset({"role", "content"})
TAKEN_OUT = frozenset({FIELD, "model", "stream", "max_tokens", "max_completion_tokens", "sandbox"})
"""What RouterHub itself says to the upstream, or not at all."""
SEARCHING = ("web_search_options", "plugins", "search_parameters")
"""By which OpenAI, OpenRouter and xAI are told that the model may search the web."""
MAX_CHOICES = 128
MAX_OUTPUT_TOKENS = 10_000_000
DONE = b"data: [DONE]\n\n"


class OpenAIChat:
    """See routerhub.gateway.protocols.base.ChatProtocol."""

    path = "/v1/chat/completions"
    rate_headers = staticmethod(openai_headers)

    def read(self, body: bytes, headers: Mapping[str, str]) -> ChatRequest:
        raw, left_out = at_list_price(fields.json_object(body))
        messages = _messages(raw.get("messages"))
        stream_options = fields.mapping(raw.get("stream_options"), "stream_options")
        wanted = fields.mapping(raw.get("response_format"), "response_format")
        fields.mapping(wanted.get("json_schema"), "response_format.json_schema")
        fields.stops(raw.get("stop"), "stop")
        _check_tool_choice(raw.get("tool_choice"))
        fields.number(raw.get("temperature"), "temperature", 0, 2)
        fields.number(raw.get("top_p"), "top_p", 0, 1)
        fields.effort(raw.get("reasoning_effort"), "reasoning_effort")
        return ChatRequest(
            model=fields.text(raw.get("model", AUTO), "model"),
            messages=messages,
            content={name: value for name, value in raw.items() if name not in TAKEN_OUT},
            script=raw.get("sandbox"),
            stream=fields.flag(raw.get("stream"), "stream"),
            include_usage=fields.flag(stream_options.get("include_usage"), "stream_options.include_usage"),
            max_output_tokens=_max_output(raw),
            choices=fields.whole(raw.get("n"), "n", MAX_CHOICES) or 1,
            has_tools=bool(fields.items(raw.get("tools"), "tools")),
            is_structured=fields.text(wanted.get("type", "text"), "response_format.type") in STRUCTURED,
            max_input_tokens=max_input_tokens(len(body), messages),
            extras=extras_of(body, next((name for name in SEARCHING if raw.get(name) is not None), "")),
            left_out=left_out,
            controls=read_controls(raw.get(FIELD), headers, raw.get("metadata")),
        )

    def write(
        self,
        completion: Completion,
        request: ChatRequest,
        envelope: Envelope,
        usage: Usage,
        metadata: Mapping[str, Any],
    ) -> bytes:
        body = completion.native if completion.dialect == OPENAI else _spelled(completion)
        written = {**_head(envelope, "chat.completion"), **body, "model": envelope.model, FIELD: metadata}
        if completion.usage is None or usage.is_estimated or completion.dialect != OPENAI:
            written["usage"] = _usage(usage)
        return orjson.dumps(written)

    def stream_writer(self, request: ChatRequest, envelope: Envelope) -> "OpenAIStream":
        return OpenAIStream(request.include_usage, envelope)

    def write_error(self, error: ApiError) -> bytes:
        return orjson.dumps(_error(error))


PROTOCOL = OpenAIChat()


# --- reading


def _messages(raw: object) -> Sequence[Mapping[str, Any]]:
    if not isinstance(raw, list) or not raw:
        raise fields.wrong("messages", raw, "a list of at least one message")
    for at, message in enumerate(raw):
        if not isinstance(message, dict):
            raise fields.wrong(f"messages[{at}]", message, "an object with role and content")
        role, content = message.get("role"), message.get("content")
        if not isinstance(role, str) or role not in ROLES:
            raise fields.wrong(f"messages[{at}].role", role, f"one of {', '.join(sorted(ROLES))}")
        if isinstance(content, list):
            _check_parts(content, f"messages[{at}].content")
        elif content is not None and not isinstance(content, str):
            raise fields.wrong(f"messages[{at}].content", content, "a text or a list of parts")
        if not message.keys() <= PLAIN:
            _check_calls(message, f"messages[{at}]")
    return raw


def _check_parts(content: list[Any], param: str) -> None:
    if not all([isinstance(part, dict) for part in content]):
        raise fields.wrong(param, content, "a list of objects")
    for at, part in enumerate(content):
        kind = part.get("type")
        if kind in WORDS and not isinstance(part.get(kind), str):
            raise fields.wrong(f"{param}[{at}].{kind}", part.get(kind), "a text")


def _check_calls(message: Mapping[str, Any], param: str) -> None:
    """What was refused, the calls of a message, and the one that it is the result of. A custom tool's call has no function."""
    for name in ("refusal", "tool_call_id"):
        told = message.get(name)
        if told is not None and not isinstance(told, str):
            raise fields.wrong(f"{param}.{name}", told, "a text")
    for at, call in enumerate(fields.items(message.get("tool_calls"), f"{param}.tool_calls")):
        if not isinstance(call, dict):
            raise fields.wrong(f"{param}.tool_calls[{at}]", call, "an object")
        fields.mapping(call.get("function"), f"{param}.tool_calls[{at}].function")


def _check_tool_choice(raw: object) -> None:
    if raw is None or isinstance(raw, str):
        return
    if not isinstance(raw, dict):
        raise fields.wrong("tool_choice", raw, "none, auto, required, or an object")
    if raw.get("type") == "function":
        named = fields.mapping(raw.get("function"), "tool_choice.function")
        fields.text(named.get("name"), "tool_choice.function.name")


def _max_output(raw: Mapping[str, Any]) -> int | None:
    new = fields.whole(raw.get("max_completion_tokens"), "max_completion_tokens", MAX_OUTPUT_TOKENS)
    old = fields.whole(raw.get("max_tokens"), "max_tokens", MAX_OUTPUT_TOKENS)
    return old if new is None else new if old is None else min(new, old)


# --- writing


class OpenAIStream:
    """See routerhub.gateway.protocols.base.StreamWriter.

    Usage is told once, in a chunk of its own without choices, and only to a client that asked: others take every chunk to
    have one. Upstreams put it there, on the last chunk, on the last but one, on all of them, or on one whose choice is empty.
    """

    def __init__(self, include_usage: bool, envelope: Envelope) -> None:
        self._include_usage = include_usage
        self._envelope = envelope
        self._own_head: Mapping[str, Any] = _head(envelope, "chat.completion.chunk")
        self._head = self._own_head
        self._closing: dict[str, Any] | None = None
        self._usage: Mapping[str, Any] | None = None
        self._has_calls = False
        self._begun: set[int] = set()
        self._ended: set[int] = set()

    def chunk(self, chunk: Chunk) -> bytes:
        native = chunk.native if chunk.dialect == OPENAI else self._spelled(chunk)
        if chunk.usage is not None and chunk.dialect == OPENAI:
            self._usage = native
        if all([each.index in self._ended and not each.size for each in chunk.choices]):
            return b""
        event = {**self._own_head, **native, "model": self._envelope.model}
        event.pop("usage", None)
        self._head = event
        before, self._closing = self._flushed(), None
        for choice in chunk.choices:
            self._has_calls = self._has_calls or bool(choice.tool_calls)
            if choice.finish is not None:
                self._closing = event
                self._ended.add(choice.index)
        return before if self._closing is not None else before + _event(event)

    def ping(self) -> bytes:
        return COMMENT

    def end(self, usage: Usage, metadata: Mapping[str, Any]) -> bytes:
        if self._closing is None:
            finish = "tool_calls" if self._has_calls else "stop"
            self._closing = {**self._head, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
        closing = _event({**self._closing, FIELD: metadata})
        if not self._include_usage:
            return closing + DONE
        told = {"usage": _usage(usage)} if usage.is_estimated or self._usage is None else self._usage
        last = {**self._head, **told, "model": self._envelope.model, "choices": [], FIELD: metadata}
        return closing + _event(last) + DONE

    def error(self, error: ApiError, metadata: Mapping[str, Any]) -> bytes:
        return self._flushed() + _event({**_error(error), FIELD: metadata})

    def _flushed(self) -> bytes:
        return b"" if self._closing is None else _event(self._closing)

    def _spelled(self, chunk: Chunk) -> dict[str, Any]:
        choices = [
            {
                "index": each.index,
                "delta": self._delta(each),
                "logprobs": each.logprobs,
                "finish_reason": each.finish,
            }
            for each in chunk.choices
        ]
        return {**self._head, "choices": choices}

    def _delta(self, choice: Choice) -> dict[str, Any]:
        """What it adds; the role comes with the first one."""
        role = {} if choice.index in self._begun else {"role": "assistant"}
        self._begun.add(choice.index)
        return {**role, **_said(choice, _call_delta)}


def _event(value: Mapping[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


def _head(envelope: Envelope, kind: str) -> dict[str, Any]:
    """The first fields of an answer, for an upstream that leaves them out or speaks another dialect: clients demand them."""
    return {
        "id": f"chatcmpl-{envelope.operation_id.hex}",
        "object": kind,
        "created": int(envelope.created_at.timestamp()),
        "model": envelope.model,
    }


def _spelled(completion: Completion) -> dict[str, Any]:
    choices = [
        {
            "index": each.index,
            "message": {"role": "assistant", "content": None, **_said(each, _call)},
            "logprobs": each.logprobs,
            "finish_reason": each.finish,
        }
        for each in completion.choices
    ]
    return {"choices": choices}


def _said(choice: Choice, call: Callable[[ToolCall], dict[str, Any]]) -> dict[str, Any]:
    """What a choice says, without what it does not."""
    texts = (("content", choice.text), ("reasoning_content", choice.reasoning), ("refusal", choice.refusal))
    said: dict[str, Any] = {name: text for name, text in texts if text}
    if choice.tool_calls:
        said["tool_calls"] = [call(each) for each in choice.tool_calls]
    return said


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _call_delta(call: ToolCall) -> dict[str, Any]:
    """A piece of a call: id and name only with the first one."""
    if call.id:
        return {"index": call.index, **_call(call)}
    return {"index": call.index, "function": {"arguments": call.arguments}}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
            "audio_tokens": usage.audio_input_tokens,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": usage.audio_output_tokens,
        },
    }


def _error(error: ApiError) -> dict[str, Any]:
    """{"error": {"message", "type", "param", "code", ...}}: `param` names the field; further members carry the figures."""
    return {
        "error": {
            "message": error.message,
            "type": error.type,
            "param": error.param,
            "code": error.code,
            **error.details,
        }
    }
