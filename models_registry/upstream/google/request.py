"""What is asked in the neutral spelling, as Google's generateContent has it."""

from collections.abc import Iterator, Mapping
from mimetypes import guess_type
from typing import Any

from models_registry.upstream import call_ids
from models_registry.upstream.base import UpstreamRequest
from models_registry.upstream.carrying import Table, names_no_function, rejected
from models_registry.upstream.neutral import arguments, data_of, words

RENAMED = {
    "temperature": "temperature", "top_p": "topP", "n": "candidateCount", "seed": "seed",
    "presence_penalty": "presencePenalty", "frequency_penalty": "frequencyPenalty",
}  # fmt: skip
"""Fields that mean the same, with their name in generationConfig."""
PARTS = frozenset({"text", "refusal", "image_url", "file", "input_audio"})
TABLE = Table(
    title="Google's API",
    carried=frozenset({"messages", "tools", "tool_choice", "stop", "response_format", "reasoning_effort", *RENAMED}),
    refused={
        "logprobs": bool,
        "modalities": lambda value: value not in (None, ["text"]),
        "functions": bool,
        "tool_choice": names_no_function,
        "web_search_options": lambda value: value is not None,
    },
    parts=PARTS,
)
LEVELS = {
    "none": "MINIMAL", "minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "xhigh": "HIGH", "max": "HIGH",
}  # fmt: skip
BUDGETS = {"none": 0, "minimal": 1_024, "low": 1_024, "medium": 8_192, "high": 24_576, "xhigh": 24_576, "max": 24_576}
"""Tokens, for models that know no levels, as Google's own OpenAI-compatible address translates them."""
BY_BUDGET = ("gemini-2.",)
MODES = {"auto": "AUTO", "required": "ANY", "none": "NONE"}
UNSIGNED = "skip_thought_signature_validator"
"""Google's own word for a call that none of its models made, or whose signature is lost."""
Part = dict[str, Any]


def payload_of(request: UpstreamRequest) -> dict[str, Any]:
    """The body to send, with the limit that is held for. The model stands in the address. Raises Rejected."""
    content = request.content
    TABLE.check(content)
    system, turns = _conversation(content["messages"], signs=not request.model.startswith(BY_BUDGET))
    body: dict[str, Any] = {"contents": turns, "generationConfig": _generation(request)}
    if system:
        body["systemInstruction"] = {"parts": [{"text": text} for text in system]}
    if content.get("tools"):
        body["tools"] = [{"functionDeclarations": [_tool(tool) for tool in content["tools"]]}]
        if content.get("tool_choice") is not None:
            body["toolConfig"] = {"functionCallingConfig": _calling(content["tool_choice"])}
    if request.script is not None:
        body["sandbox"] = request.script
    return body


def _generation(request: UpstreamRequest) -> dict[str, Any]:
    content = request.content
    found: dict[str, Any] = {"maxOutputTokens": request.max_output_tokens}
    found |= {theirs: content[ours] for ours, theirs in RENAMED.items() if content.get(ours) is not None}
    if request.default_temperature is not None:
        found.setdefault("temperature", request.default_temperature)
    stop = content.get("stop")
    if sequences := [each for each in ([stop] if isinstance(stop, str) else stop or []) if each]:
        found["stopSequences"] = sequences
    if (effort := content.get("reasoning_effort")) in LEVELS:
        found["thinkingConfig"] = _thinking(str(effort), request.model)
    wanted = content.get("response_format") or {}
    if wanted.get("type") in {"json_object", "json_schema"}:
        found["responseMimeType"] = "application/json"
    if wanted.get("type") == "json_schema":
        found["responseJsonSchema"] = (wanted.get("json_schema") or {}).get("schema") or {}
    return found


def _thinking(effort: str, model: str) -> Part:
    shown: Part = {"includeThoughts": effort != "none"}
    if model.startswith(BY_BUDGET):
        return {**shown, "thinkingBudget": BUDGETS[effort]}
    return {**shown, "thinkingLevel": LEVELS[effort]}


# --- the conversation


def _conversation(messages: list[Mapping[str, Any]], signs: bool) -> tuple[list[str], list[dict[str, Any]]]:
    """The system's words, and turns of user and model in which neighbours of one role are one."""
    system: list[str] = []
    turns: list[dict[str, Any]] = []
    names = _names(messages)
    for at, message in enumerate(messages):
        role = message["role"]
        if role in {"system", "developer"}:
            system += [text for text in [words(message.get("content"))] if text]
            continue
        parts = list(_message(message, f"messages[{at}]", names, signs))
        role = "model" if role == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"] += parts
        elif parts:
            turns.append({"role": role, "parts": parts})
    return system, turns


def _names(messages: list[Mapping[str, Any]]) -> dict[str, str]:
    """Which tool each call is of, by its id: a result has to say it. Raises Rejected where one of a turn has no result."""
    names: dict[str, str] = {}
    waiting: set[str] = set()
    for message in messages:
        if message["role"] in {"tool", "function"}:
            waiting.discard(message.get("tool_call_id") or "")
            continue
        if waiting:
            raise rejected(f"tool call {min(waiting)} without a result", TABLE.title)
        calls = {str(call.get("id")): str(_function(call).get("name")) for call in message.get("tool_calls") or ()}
        names |= calls
        waiting = set(calls)
    if waiting:
        raise rejected(f"tool call {min(waiting)} without a result", TABLE.title)
    return names


def _function(call: Mapping[str, Any]) -> Mapping[str, Any]:
    return call.get("function") or {}


def _message(message: Mapping[str, Any], param: str, names: Mapping[str, str], signs: bool) -> Iterator[Part]:
    content = message.get("content")
    if message["role"] in {"tool", "function"}:
        identifier = str(message.get("tool_call_id"))
        if identifier not in names:
            raise rejected(f"{param}.tool_call_id, which is that of no call", TABLE.title)
        result = {"output": words(content)}  # as text, so that a schema in it is not taken for one
        plain, _ = call_ids.opened(identifier)
        yield {"functionResponse": {"id": plain, "name": names[identifier], "response": result}}
        return
    if isinstance(content, str) and content:
        yield {"text": content}
    elif isinstance(content, list):
        yield from [made for at, part in enumerate(content) if (made := _part(part, f"{param}.content[{at}]"))]
    for at, call in enumerate(message.get("tool_calls") or ()):
        yield _call(call, UNSIGNED if signs and at == 0 else "")


def _call(call: Mapping[str, Any], unsigned: str) -> Part:
    """A call as the model made it. The first one of a turn has a signature, whoever made it."""
    identifier, signature = call_ids.opened(str(call.get("id")))
    function = _function(call)
    made: Part = {
        "functionCall": {"id": identifier, "name": function.get("name"), "args": arguments(function.get("arguments"))}
    }
    return {**made, "thoughtSignature": signature or unsigned} if signature or unsigned else made


def _part(part: Mapping[str, Any], param: str) -> Part | None:
    kind = part.get("type")
    value = part.get(str(kind))
    if kind in {"text", "refusal"}:
        return {"text": value} if value else None
    if kind == "image_url":
        return _data(value.get("url") if isinstance(value, dict) else value, param)
    if kind == "file" and isinstance(value, dict) and value.get("file_data"):
        return _data(value["file_data"], param)
    if kind == "input_audio" and isinstance(value, dict):
        return {"inlineData": {"mimeType": f"audio/{value.get('format')}", "data": value.get("data")}}
    raise rejected(f"{param} of type {kind}", TABLE.title)


def _data(address: Any, param: str) -> Part:
    """A picture or document by the data in its address, or by the address itself."""
    if not isinstance(address, str):
        raise rejected(f"{param} without an address", TABLE.title)
    if (held := data_of(address)) is not None:
        return {"inlineData": {"mimeType": held[0], "data": held[1]}}
    kind, _ = guess_type(address.partition("?")[0])
    return {"fileData": {"fileUri": address, **({"mimeType": kind} if kind else {})}}


# --- tools


def _tool(tool: Mapping[str, Any]) -> Part:
    function = tool["function"]
    made: Part = {"name": function.get("name")}
    if function.get("description"):
        made["description"] = function["description"]
    if function.get("parameters"):
        made["parametersJsonSchema"] = function["parameters"]
    return made


def _calling(choice: Any) -> Part:
    if isinstance(choice, dict):
        return {"mode": "ANY", "allowedFunctionNames": [_function(choice).get("name")]}
    return {"mode": MODES.get(choice, "AUTO")}
