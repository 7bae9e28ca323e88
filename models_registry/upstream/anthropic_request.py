"""What is asked in the neutral spelling, as Anthropic's messages have it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from models_registry.upstream.base import ANTHROPIC, UpstreamRequest
from models_registry.upstream.errors import Rejected

OURS = frozenset({"model", "max_tokens", "stream", "routerhub", "sandbox"})
"""Fields of a client's own body that RouterHub says itself, or not at all."""
CARRIED = frozenset(
    {"messages", "tools", "tool_choice", "parallel_tool_calls", "temperature", "top_p", "stop", "response_format",
     "reasoning_effort"}
)  # fmt: skip
REFUSED: Mapping[str, Callable[[Any], bool]] = {
    "n": lambda value: value not in {None, 1},
    "logprobs": bool,
    "modalities": lambda value: value not in (None, ["text"]),
    "functions": bool,
}
"""Without these the answer would be another one. All fields that are neither here nor in CARRIED are dropped."""
EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}
MAX_TEMPERATURE = 1.0
"""In the neutral spelling it goes up to 2."""
Block = dict[str, Any]


def ignored(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that this dialect has no word for."""
    return tuple(sorted(name for name in content if name not in CARRIED and name not in REFUSED))


def payload_of(request: UpstreamRequest) -> dict[str, Any]:
    """The body to send, with the model's name there and the limit that is held for. Raises Rejected."""
    ours = {"model": request.model, "max_tokens": request.max_output_tokens}
    if request.dialect == ANTHROPIC and request.native is not None:
        body = {name: value for name, value in request.native.items() if name not in OURS}
    else:
        body = _spelled(request.content)
    if request.default_temperature is not None:
        body.setdefault("temperature", min(request.default_temperature, MAX_TEMPERATURE))
    return {**body, **ours}


def _spelled(content: Mapping[str, Any]) -> dict[str, Any]:
    for name, is_asked in REFUSED.items():
        if is_asked(content.get(name)):
            raise _rejected(name)
    system, messages = _conversation(content["messages"])
    found: dict[str, Any] = {"messages": messages}
    if system:
        found["system"] = system
    if content.get("tools"):
        found["tools"] = [_tool(tool) for tool in content["tools"]]
        found |= _tool_choice(content)
    if content.get("temperature") is not None:
        found["temperature"] = min(content["temperature"], MAX_TEMPERATURE)
    if content.get("top_p") is not None:
        found["top_p"] = content["top_p"]
    stop = content.get("stop")
    if sequences := [each for each in ([stop] if isinstance(stop, str) else stop or []) if each and not each.isspace()]:
        found["stop_sequences"] = sequences
    if config := _output_config(content):
        found["output_config"] = config
    return found


def _rejected(what: str) -> Rejected:
    return Rejected(
        f"{what}: Anthropic's API has nothing like it.", was_sent=False, code="unsupported_parameter", param=what
    )


# --- the conversation


def _conversation(messages: list[Mapping[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """The system's words, and turns of user and assistant in which neighbours of one role are one."""
    system: list[str] = []
    turns: list[dict[str, Any]] = []
    for at, message in enumerate(messages):
        role = message["role"]
        if role in {"system", "developer"}:
            system.append(_words(message.get("content")))
            continue
        blocks = list(_blocks(message, f"messages[{at}]"))
        role = "assistant" if role == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    return "\n\n".join(system), turns


def _words(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text") or "") for part in content)
    return content or ""


def _blocks(message: Mapping[str, Any], param: str) -> Iterator[Block]:
    content = message.get("content")
    if message["role"] in {"tool", "function"}:
        identifier = message.get("tool_call_id")
        if not isinstance(identifier, str):
            raise _rejected(f"{param} without a tool_call_id")
        yield {"type": "tool_result", "tool_use_id": identifier, "content": _words(content)}
        return
    if isinstance(content, str) and content:
        yield {"type": "text", "text": content}
    elif isinstance(content, list):
        for at, part in enumerate(content):
            yield from _part(part, f"{param}.content[{at}]")
    for call in message.get("tool_calls") or ():
        function = call.get("function") or {}
        yield {
            "type": "tool_use", "id": call.get("id"), "name": function.get("name"),
            "input": _input(function.get("arguments")),
        }  # fmt: skip


def _input(arguments: Any) -> Any:
    """A call's input, which is an object. What the model wrote wrong is told as it was."""
    try:
        found = orjson.loads(arguments or "{}")
    except orjson.JSONDecodeError:
        return {"invalid_json": arguments}
    return found if isinstance(found, dict) else {"invalid_json": arguments}


def _part(part: Mapping[str, Any], param: str) -> Iterator[Block]:
    match part.get("type"):
        case "text":
            if part.get("text"):  # an empty block is refused there
                yield {"type": "text", "text": part["text"]}
        case "image_url":
            image = part.get("image_url")
            yield {"type": "image", "source": _source(image.get("url") if isinstance(image, dict) else image, param)}
        case "file" if isinstance(part.get("file"), dict) and part["file"].get("file_data"):
            file = part["file"]
            yield {"type": "document", "title": file.get("filename"), "source": _source(file["file_data"], param)}
        case other:
            raise _rejected(f"{param} of type {other}")


def _source(address: Any, param: str) -> Block:
    """A picture or document by its address, or by the data in it."""
    if not isinstance(address, str):
        raise _rejected(f"{param} without an address")
    head, comma, data = address.partition(",")
    if address.startswith("data:") and comma and head.endswith(";base64"):
        return {"type": "base64", "media_type": head.removeprefix("data:").removesuffix(";base64"), "data": data}
    return {"type": "url", "url": address}


# --- tools, and the form of the answer


def _tool(tool: Mapping[str, Any]) -> Block:
    function = tool.get("function")
    if tool.get("type") != "function" or not isinstance(function, dict):
        raise _rejected(f"tools of type {tool.get('type')}")
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    made: Block = {"name": function.get("name"), "input_schema": schema}
    if function.get("description"):
        made["description"] = function["description"]
    return {**made, "strict": True} if function.get("strict") else made


def _tool_choice(content: Mapping[str, Any]) -> Block:
    choice, parallel = content.get("tool_choice"), content.get("parallel_tool_calls")
    found: Block = {}
    if isinstance(choice, dict):
        found = {"type": "tool", "name": (choice.get("function") or {}).get("name")}
    elif choice is not None:
        found = {"type": {"required": "any"}.get(choice, choice)}
    if parallel is False and found.get("type") != "none":
        found = {"type": "auto", **found, "disable_parallel_tool_use": True}
    return {"tool_choice": found} if found else {}


def _output_config(content: Mapping[str, Any]) -> Block:
    config: Block = {}
    if effort := EFFORTS.get(content.get("reasoning_effort") or ""):
        config["effort"] = effort
    wanted = content.get("response_format") or {}
    match wanted.get("type"):
        case "json_schema":
            config["format"] = {"type": "json_schema", "schema": (wanted.get("json_schema") or {}).get("schema")}
        case "json_object":
            raise _rejected("response_format of type json_object")
    return config
