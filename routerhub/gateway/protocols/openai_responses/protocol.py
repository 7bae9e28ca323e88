"""A request for a response into the neutral spelling, and the response object as OpenAI's clients read it."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import orjson

from models_registry.types import Usage
from models_registry.upstream.base import OPENAI_RESPONSES, Choice, Completion
from routerhub.gateway.answers.rates import openai_headers
from routerhub.gateway.errors import ApiError
from routerhub.gateway.protocols import fields
from routerhub.gateway.protocols.base import AUTO, ChatRequest, Envelope
from routerhub.gateway.protocols.controls import FIELD, read_controls
from routerhub.gateway.protocols.extras import extras_of
from routerhub.gateway.protocols.openai_chat import MAX_OUTPUT_TOKENS
from routerhub.gateway.protocols.openai_chat import PROTOCOL as OPENAI_CHAT
from routerhub.gateway.protocols.openai_responses.input import Tool, messages_of, tool_choice_of, tools_of
from routerhub.gateway.protocols.openai_responses.output import items
from routerhub.gateway.protocols.openai_responses.stream import ResponsesStream
from routerhub.gateway.protocols.parameters import RESPONSES, at_list_price
from routerhub.gateway.protocols.prompt_size import max_input_tokens

CARRIED = (
    "temperature",
    "top_p",
    "parallel_tool_calls",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "service_tier",
    "moderation",
)
"""Fields of the same name and meaning in chat completions."""
ECHOED = (
    "instructions",
    "metadata",
    "temperature",
    "top_p",
    "reasoning",
    "text",
    "max_output_tokens",
    "truncation",
    "user",
)
"""Fields that the answer tells again."""
LOGPROBS = "message.output_text.logprobs"
"""What `include` says where they are wanted."""
INCLUDED = (LOGPROBS, "reasoning.encrypted_content")
"""What `include` may say and gets: what an upstream sealed is always told."""
MAX_TOP_LOGPROBS = 20
SEARCHING = "web_search"
"""How the types of those tools begin that OpenAI runs for a fee which prices know, so that it is held. Others are left out."""
NAMES = {"reasoning_effort": "reasoning.effort", "response_format": "text.format", "logprobs": "include",
         "verbosity": "text.verbosity"}  # fmt: skip
"""Of the neutral fields that are called otherwise here."""


class OpenAIResponses:
    """See routerhub.gateway.protocols.base.ChatProtocol."""

    path = "/v1/responses"
    rate_headers = staticmethod(openai_headers)

    def read(self, body: bytes, headers: Mapping[str, str]) -> ChatRequest:
        raw, left_out = at_list_price(fields.json_object(body))
        RESPONSES.check(raw)
        fields.number(raw.get("temperature"), "temperature", 0, 2)
        fields.number(raw.get("top_p"), "top_p", 0, 1)
        fields.mapping(raw.get("metadata"), "metadata")
        previous = raw.get("previous_response_id")
        max_calls = fields.whole(raw.get("max_tool_calls"), "max_tool_calls", MAX_OUTPUT_TOKENS)
        functions, known, hosted = tools_of(raw.get("tools"))
        searching = [kind for kind in hosted if kind.startswith(SEARCHING)]
        unpriced = [kind for kind in hosted if kind not in searching]
        if unpriced:
            raw["tools"] = [tool for tool in raw["tools"] if tool.get("type") not in unpriced]
        messages = messages_of(raw.get("instructions"), raw.get("input"))
        content = {
            "messages": messages,
            **{name: raw[name] for name in CARRIED if raw.get(name) is not None},
            **({"tools": functions, **tool_choice_of(raw.get("tool_choice"), known)} if functions else {}),
            **_text(raw.get("text")),
            **_effort(raw.get("reasoning")),
            **_probabilities(raw),
        }
        return ChatRequest(
            model=fields.text(raw.get("model", AUTO), "model"),
            messages=messages,
            content=content,
            dialect=OPENAI_RESPONSES,
            native=raw,
            script=raw.get("sandbox"),
            stream=fields.flag(raw.get("stream"), "stream"),
            include_usage=True,
            max_output_tokens=fields.whole(raw.get("max_output_tokens"), "max_output_tokens", MAX_OUTPUT_TOKENS),
            choices=1,
            has_tools=bool(functions),
            is_structured="response_format" in content,
            max_input_tokens=max_input_tokens(len(body), messages),
            extras=extras_of(body, f"tools of type {searching[0]}" if searching else "", max_calls),
            dropped=_dropped(raw, searching),
            left_out=left_out + fields.dropped([f"tools.{kind}" for kind in unpriced]),
            continues="" if previous is None else fields.text(previous, "previous_response_id"),
            is_kept=raw.get("store") is None or fields.flag(raw["store"], "store"),
            names=NAMES,
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
        choice = completion.choices[0] if completion.choices else Choice(index=0)
        said = list(items(choice, known_tools(request), envelope.operation_id.hex))
        return orjson.dumps({**response(request, envelope, said, choice.finish, usage), FIELD: metadata})

    def stream_writer(self, request: ChatRequest, envelope: Envelope) -> ResponsesStream:
        def told(said: list[dict[str, Any]], finish: str | None, usage: Usage | None) -> dict[str, Any]:
            return response(request, envelope, said, finish, usage)

        return ResponsesStream(known_tools(request), envelope, told)

    def write_error(self, error: ApiError) -> bytes:
        return OPENAI_CHAT.write_error(error)


PROTOCOL = OpenAIResponses()


# --- reading


def _text(raw: object) -> dict[str, Any]:
    """The neutral fields for the form of the answer and its length."""
    text = fields.mapping(raw, "text")
    verbosity = text.get("verbosity")
    return {**_format(text.get("format")), **({} if verbosity is None else {"verbosity": verbosity})}


def _format(raw: object) -> dict[str, Any]:
    wanted = fields.mapping(raw, "text.format")
    match wanted.get("type"):
        case None | "text":
            return {}
        case "json_object":
            return {"response_format": {"type": "json_object"}}
        case "json_schema":
            rest = {name: value for name, value in wanted.items() if name != "type"}
            return {"response_format": {"type": "json_schema", "json_schema": rest}}
        case other:
            raise fields.wrong("text.format.type", other, "text, json_object or json_schema")


def _effort(raw: object) -> dict[str, Any]:
    """The neutral field for how much the model is to reason."""
    effort = fields.effort(fields.mapping(raw, "reasoning").get("effort"), NAMES["reasoning_effort"])
    return {} if effort is None else {"reasoning_effort": effort}


def _probabilities(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The neutral fields for how likely each token was."""
    top = fields.whole(raw.get("top_logprobs"), "top_logprobs", MAX_TOP_LOGPROBS, least=0)
    if LOGPROBS not in fields.items(raw.get("include"), "include"):
        return {}
    return {"logprobs": True, **({} if top is None else {"top_logprobs": top})}


def _dropped(raw: Mapping[str, Any], searching: Iterable[str]) -> tuple[str, ...]:
    """Fields that no other dialect has, or that nobody here knows, and tools that OpenAI runs."""
    names = RESPONSES.dropped_of(raw) | {f"include.{each}" for each in raw.get("include") or () if each not in INCLUDED}
    reasoning = fields.mapping(raw.get("reasoning"), "reasoning")
    names |= {f"reasoning.{name}" for name, value in reasoning.items() if name != "effort" and value is not None}
    return fields.dropped(names | {f"tools.{kind}" for kind in searching})


def known_tools(request: ChatRequest) -> Mapping[str, Tool]:
    """What each function stands for, by its name upstream."""
    return tools_of((request.native or {}).get("tools"))[1]


# --- writing


def response_id(operation_id: UUID) -> str:
    return f"resp_{operation_id.hex}"


def response(
    request: ChatRequest, envelope: Envelope, said: list[dict[str, Any]], finish: str | None, usage: Usage | None
) -> dict[str, Any]:
    """The response object. Without usage it is still under way."""
    raw = request.native or {}
    cut = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(finish or "")
    at = envelope.created_at.timestamp()
    return {
        "id": response_id(envelope.operation_id),
        "object": "response",
        "created_at": int(at),
        "status": "in_progress" if usage is None else "incomplete" if cut else "completed",
        "error": None,
        "incomplete_details": {"reason": cut} if cut else None,
        "model": envelope.model,
        "output": said,
        "parallel_tool_calls": raw.get("parallel_tool_calls") is not False,
        "previous_response_id": raw.get("previous_response_id"),
        "store": request.is_kept,
        "tool_choice": raw.get("tool_choice") or "auto",
        "tools": raw.get("tools") or [],
        **{name: raw.get(name) for name in ECHOED},
        "usage": None if usage is None else _usage(usage),
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
