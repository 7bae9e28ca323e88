"""What is asked in the neutral spelling, as OpenAI's responses have it."""

from collections.abc import Iterator, Mapping
from typing import Any

from models_registry.upstream import call_ids
from models_registry.upstream.base import EFFORTS, OPENAI_RESPONSES, UpstreamRequest
from models_registry.upstream.carrying import rejected, table
from models_registry.upstream.errors import Rejected
from models_registry.upstream.neutral import content_of, words
from models_registry.upstream.openai.models import fitted, nearest, takes_sampling

OURS = frozenset({"model", "max_output_tokens", "stream", "store", "background", "routerhub", "sandbox"})
"""Fields of a client's own body that RouterHub says itself, or not at all."""
SAME = frozenset(
    {"temperature", "top_p", "parallel_tool_calls", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_options",
     "prompt_cache_retention", "service_tier", "metadata", "moderation", "top_logprobs"}
)  # fmt: skip
"""Fields of the same name and meaning."""
TABLE = table(OPENAI_RESPONSES, "OpenAI's Responses API", "image_url", "file")
LOGPROBS = "message.output_text.logprobs"
MIN_OUTPUT_TOKENS = 16
SAMPLING = frozenset({"temperature", "top_p", "top_logprobs"})
Item = dict[str, Any]


def payload_of(request: UpstreamRequest) -> dict[str, Any]:
    """The body to send, with the model's name there and the limit that is held for. Nothing is kept there. Raises Rejected."""
    if request.max_output_tokens < MIN_OUTPUT_TOKENS:
        given = f"{request.max_output_tokens} was given; {TABLE.title} takes {MIN_OUTPUT_TOKENS} or more"
        raise Rejected(f"max_tokens: {given}.", was_sent=False, code="unsupported_parameter", param="max_tokens")
    ours = {"model": request.model, "max_output_tokens": request.max_output_tokens, "store": False}
    native = request.native if request.dialect == OPENAI_RESPONSES else None
    content = fitted(request.content, request.model)
    is_spelled = native is None or native.get("previous_response_id")
    body = _spelled(content) if is_spelled else _own(native or {}, request.model)
    if request.default_temperature is not None and takes_sampling(request.model, content.get("reasoning_effort")):
        body.setdefault("temperature", request.default_temperature)
    if request.script is not None:
        body["sandbox"] = request.script
    return {**body, **ours}


def _own(native: Mapping[str, Any], model: str) -> Item:
    """A body as its client wrote it, but for what this model refuses. Ids of items are not those that this server gave, and
    thoughts that it did not seal are unknown to it."""
    reasoning = native.get("reasoning")
    effort = reasoning.get("effort") if isinstance(reasoning, dict) else None
    left_out = OURS if takes_sampling(model, effort) else OURS | SAMPLING
    body = {name: value for name, value in native.items() if name not in left_out}
    if effort in EFFORTS:
        body["reasoning"] = {**native["reasoning"], "effort": nearest(model, effort)}
    items = body.get("input")
    if isinstance(items, list):
        body["input"] = [_without_id(item) for item in items if not _is_unsealed(item)]
    return body


def _without_id(item: Mapping[str, Any]) -> Item:
    plain = {name: value for name, value in item.items() if name != "id"}
    return (
        {**plain, "call_id": call_ids.opened(plain["call_id"])[0]} if isinstance(plain.get("call_id"), str) else plain
    )


def _is_unsealed(item: Mapping[str, Any]) -> bool:
    return item.get("type") == "reasoning" and not item.get("encrypted_content")


def _spelled(content: Mapping[str, Any]) -> Item:
    TABLE.check(content)
    found: Item = {name: content[name] for name in SAME if content.get(name) is not None}
    found["input"] = [item for message in content["messages"] for item in _items(message)]
    if content.get("tools"):
        found["tools"] = [_tool(tool["function"]) for tool in content["tools"]]
        if (choice := content.get("tool_choice")) is not None:
            found["tool_choice"] = {"type": "function", **choice["function"]} if isinstance(choice, dict) else choice
    if content.get("reasoning_effort") is not None:
        found["reasoning"] = {"effort": content["reasoning_effort"]}
    if content.get("logprobs"):
        found["include"] = [LOGPROBS]
    if text := _text(content):
        found["text"] = text
    return found


def _text(content: Mapping[str, Any]) -> Item:
    """The form of the answer."""
    wanted = content.get("response_format") or {}
    form = {"type": wanted["type"], **(wanted.get("json_schema") or {})} if wanted.get("type") else None
    told = {"format": form, "verbosity": content.get("verbosity")}
    return {name: value for name, value in told.items() if value is not None}


# --- the conversation


def _items(message: Mapping[str, Any]) -> Iterator[Item]:
    """What a message consists of: its words, each call, or what a tool gave."""
    role, content = message["role"], content_of(message)
    if role in {"tool", "function"}:
        identifier, _ = call_ids.opened(str(message.get("tool_call_id")))
        yield {"type": "function_call_output", "call_id": identifier, "output": words(content)}
        return
    if content:
        is_text = isinstance(content, str) or role == "assistant"  # a model's own words have no parts here
        yield {"role": role, "content": words(content) if is_text else [_part(part) for part in content]}
    for call in message.get("tool_calls") or ():
        function, (identifier, _) = call.get("function") or {}, call_ids.opened(str(call.get("id")))
        yield {
            "type": "function_call", "call_id": identifier, "name": function.get("name"),
            "arguments": function.get("arguments") or "{}",
        }  # fmt: skip


def _part(part: Mapping[str, Any]) -> Item:
    kind = part.get("type")
    value = part.get(str(kind))
    if kind in {"text", "refusal"}:
        return {"type": "input_text", "text": value}
    if kind == "image_url":
        image = value if isinstance(value, dict) else {"url": value}
        return {"type": "input_image", "image_url": image.get("url"), "detail": image.get("detail") or "auto"}
    if kind == "file" and isinstance(value, dict):
        return {"type": "input_file", "filename": value.get("filename") or "file", "file_data": value.get("file_data")}
    raise rejected(f"a part of type {kind}", TABLE.title)


def _tool(function: Mapping[str, Any]) -> Item:
    """A function, loose unless it is said to be strict: here the default is the other one."""
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    made = {
        "type": "function",
        "name": function.get("name"),
        "parameters": schema,
        "strict": bool(function.get("strict")),
    }
    return {**made, "description": function["description"]} if function.get("description") else made
