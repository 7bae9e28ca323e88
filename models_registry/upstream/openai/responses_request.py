"""What is asked in the neutral spelling, as OpenAI's responses have it."""

from collections.abc import Iterator, Mapping
from typing import Any

from models_registry.upstream import call_ids, thoughts
from models_registry.upstream.base import EFFORTS, OPENAI_RESPONSES, UpstreamRequest
from models_registry.upstream.carrying import rejected, table
from models_registry.upstream.errors import Rejected
from models_registry.upstream.neutral import content_of, is_linked, words
from models_registry.upstream.openai.models import fitted, nearest, takes_sampling

OURS = frozenset({"model", "max_output_tokens", "stream", "store", "background", "routerhub", "sandbox"})
"""Fields of a client's own body that RouterHub says itself, or not at all."""
SAME = frozenset(
    {"temperature", "top_p", "parallel_tool_calls", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_options",
     "prompt_cache_retention", "service_tier", "metadata", "moderation", "top_logprobs"}
)  # fmt: skip
"""Fields of the same name and meaning."""
TABLE = table(OPENAI_RESPONSES, "OpenAI's Responses API", "image_url", "file")
SEALS = "reasoning.encrypted_content"
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
    is_own = native is not None and not native.get("previous_response_id")
    body = _own(native or {}, request) if is_own else _spelled(content, request.provider)
    if request.default_temperature is not None and takes_sampling(request.model, content.get("reasoning_effort")):
        body.setdefault("temperature", request.default_temperature)
    if request.script is not None:
        body["sandbox"] = request.script
    return {**body, **ours}


def _own(native: Mapping[str, Any], request: UpstreamRequest) -> Item:
    """A body as its client wrote it, but for what this model refuses. Ids of items are not those that this server gave, and
    thoughts that it did not seal are unknown to it."""
    reasoning = native.get("reasoning")
    effort = reasoning.get("effort") if isinstance(reasoning, dict) else None
    left_out = OURS if takes_sampling(request.model, effort) else OURS | SAMPLING
    body = {name: value for name, value in native.items() if name not in left_out}
    if effort in EFFORTS:
        body["reasoning"] = {**native["reasoning"], "effort": nearest(request.model, effort)}
    items = body.get("input")
    if isinstance(items, list):
        body["input"] = [plain for item in items if (plain := _plain(item, request.provider))]
    return body


def _without_id(item: Mapping[str, Any]) -> Item:
    plain = {name: value for name, value in item.items() if name != "id"}
    if isinstance(plain.get("call_id"), str):
        plain["call_id"] = call_ids.opened(plain["call_id"])[0]
    if isinstance(parts := plain.get("output"), list):
        plain["output"] = [{**part, "type": "input_text"} if _is_output_text(part) else part for part in parts]
    return plain


def _is_output_text(part: Any) -> bool:
    """What a tool gave is input to the model; clients repeat a model's words as they got them, which is refused."""
    return isinstance(part, dict) and part.get("type") == "output_text"


def _plain(item: Mapping[str, Any], provider: str) -> Item | None:
    """An item as this server knows it; None for thoughts that it did not seal."""
    if item.get("type") != "reasoning":
        return _without_id(item)
    seal = item.get("encrypted_content")
    secret = thoughts.opened(seal, OPENAI_RESPONSES, provider) if thoughts.is_sealed(seal) else seal
    return {**_without_id(item), "encrypted_content": secret} if secret else None


def _spelled(content: Mapping[str, Any], provider: str) -> Item:
    TABLE.check(content)
    found: Item = {name: content[name] for name in SAME if content.get(name) is not None}
    found["input"] = [
        item
        for message in thoughts.readable(content["messages"], OPENAI_RESPONSES, provider)
        for item in _items(message)
    ]
    if content.get("tools"):
        found["tools"] = [_tool(tool["function"]) for tool in content["tools"]]
        if (choice := content.get("tool_choice")) is not None:
            found["tool_choice"] = {"type": "function", **choice["function"]} if isinstance(choice, dict) else choice
    if content.get("reasoning_effort") is not None:
        found["reasoning"] = {"effort": content["reasoning_effort"]}
    told = (LOGPROBS, content.get("logprobs")), (SEALS, content.get("reasoning_effort") not in (None, "none"))
    if include := [name for name, is_wanted in told if is_wanted]:
        found["include"] = include
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
    for thought in message.get(thoughts.KEY) or ():
        summary = [{"type": "summary_text", "text": thought["text"]}] if thought["text"] else []
        yield {"type": "reasoning", "summary": summary, "encrypted_content": thought["seal"]}
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
        if is_linked(value):
            return {"type": "input_file", "file_url": value["file_data"]}
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
