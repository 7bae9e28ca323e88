"""The items of a response's input and its tools in the neutral spelling: what a conversation is read into.

Reasoning of earlier turns is left out of it, but for what an upstream sealed, which goes back to that one with the turn after it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from models_registry.upstream import thoughts
from routerhub.gateway.protocols import fields

ROLES = ("user", "assistant", "system", "developer")
Item = Mapping[str, Any]
Message = dict[str, Any]


def messages_of(instructions: object, raw: object) -> list[Message]:
    """The conversation, its instructions first. Raises BadRequest, which names the field."""
    found: list[Message] = []
    if instructions is not None:
        if not isinstance(instructions, str):
            raise fields.wrong("instructions", instructions, "a text")
        found.append({"role": "system", "content": instructions})
    if isinstance(raw, str):
        return [*found, {"role": "user", "content": raw}]
    if not isinstance(raw, list) or not raw:
        raise fields.wrong("input", raw, "a text or a list of at least one item")
    sealed: list[Message] = []
    for at, given in enumerate(raw):
        item = fields.mapping(given, f"input[{at}]")
        _add(found, item, f"input[{at}]")
        if thoughts.is_sealed(item.get("encrypted_content")):
            sealed.append({"text": _summary(item), "seal": item["encrypted_content"]})
        elif sealed and found and found[-1]["role"] == "assistant":
            found[-1].setdefault(thoughts.KEY, []).extend(sealed)
            sealed = []
    return found


def _summary(item: Item) -> str:
    parts = item.get("summary")
    return (
        "".join(str(part.get("text") or "") for part in parts if isinstance(part, dict))
        if isinstance(parts, list)
        else ""
    )


def _add(found: list[Message], item: Item, param: str) -> None:
    """One item: a message of its own, a call that belongs to the model's last turn, or nothing."""
    kind = item.get("type", "message")
    read = _ITEMS.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise fields.wrong(f"{param}.type", kind, f"one of {', '.join(_ITEMS)}")
    for message in read(item, param):
        last = found[-1] if found else {}
        if "tool_calls" in message and last.get("role") == "assistant":
            last.setdefault("tool_calls", []).extend(message["tool_calls"])
        else:
            found.append(message)


def _message(item: Item, param: str) -> Iterator[Message]:
    role, content = item.get("role"), item.get("content")
    if role not in ROLES:
        raise fields.wrong(f"{param}.role", role, f"one of {', '.join(ROLES)}")
    yield {"role": role, "content": content if isinstance(content, str) else _content(content, f"{param}.content")}


def _content(raw: object, param: str) -> str | list[Message]:
    """The parts of a content; a text where they are nothing else."""
    if not isinstance(raw, list):
        raise fields.wrong(param, raw, "a text or a list of parts")
    parts = [_part(fields.mapping(part, f"{param}[{at}]"), f"{param}[{at}]") for at, part in enumerate(raw)]
    return "\n".join(part["text"] for part in parts) if all([part["type"] == "text" for part in parts]) else parts


def _part(part: Item, param: str) -> Message:
    match part.get("type"):
        case "input_text" | "output_text" | "text":
            return {"type": "text", "text": _text(part, "text", param)}
        case "refusal":
            return {"type": "text", "text": _text(part, "refusal", param)}
        case "input_image":
            detail = {"detail": part["detail"]} if isinstance(part.get("detail"), str) else {}
            return {"type": "image_url", "image_url": {"url": _text(part, "image_url", param), **detail}}
        case "input_file" if isinstance(data := part.get("file_data") or part.get("file_url"), str):
            return {"type": "file", "file": {"filename": part.get("filename") or "document.pdf", "file_data": data}}
        case "input_audio":
            return {"type": "input_audio", "input_audio": part.get("input_audio")}
        case other:
            allowed = (
                "input_text, output_text, refusal, input_image, input_audio, or input_file with file_data or file_url"
            )
            raise fields.wrong(f"{param}.type", other, allowed)


def _text(part: Item, name: str, param: str) -> str:
    text = part.get(name)
    if not isinstance(text, str):
        raise fields.wrong(f"{param}.{name}", text, "a text")
    return text


def _called(item: Item, param: str) -> Iterator[Message]:
    """A call of a function, or of a custom tool, whose input is text."""
    name = fields.text(item.get("name"), f"{param}.name")
    if isinstance(item.get("namespace"), str):
        name = joined(item["namespace"], name)
    is_custom = item.get("type") == "custom_tool_call"
    arguments = _text(item, "input" if is_custom else "arguments", param)
    function = {"name": name, "arguments": orjson.dumps({INPUT: arguments}).decode() if is_custom else arguments}
    call = {"id": fields.identifier(item.get("call_id"), f"{param}.call_id"), "type": "function", "function": function}
    yield {"role": "assistant", "content": None, "tool_calls": [call]}


def _returned(item: Item, param: str) -> Iterator[Message]:
    """What a tool gave. Pictures of it go with a message of the user."""
    output = item.get("output")
    parts = output if isinstance(output, str) else _content(output, f"{param}.output")
    text = parts if isinstance(parts, str) else "\n".join(part["text"] for part in parts if part["type"] == "text")
    yield {"role": "tool", "tool_call_id": fields.identifier(item.get("call_id"), f"{param}.call_id"), "content": text}
    if not isinstance(parts, str):
        yield {"role": "user", "content": [part for part in parts if part["type"] != "text"]}


_ITEMS: Mapping[str, Callable[[Item, str], Iterator[Message]]] = {
    "message": _message,
    "function_call": _called,
    "custom_tool_call": _called,
    "function_call_output": _returned,
    "custom_tool_call_output": _returned,
    "reasoning": lambda _item, _param: iter(()),
}


# --- tools

INPUT = "input"
"""The one argument of a custom tool, which takes text where a function takes an object."""
CUSTOM = {
    "type": "object",
    "properties": {INPUT: {"type": "string"}},
    "required": [INPUT],
    "additionalProperties": False,
}
HOSTED = ("web_search", "file_search", "code_interpreter", "image_generation", "tool_search")
"""Tools that OpenAI runs for a fee, by how their types begin. A model may use them or not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """A tool as the client names it. Upstream all are functions."""

    name: str
    namespace: str | None
    is_custom: bool


def joined(namespace: str, name: str) -> str:
    """A tool's name upstream."""
    return f"{namespace}__{name}"


def tools_of(raw: object) -> tuple[list[Message], Mapping[str, Tool], tuple[str, ...]]:
    """Functions in the neutral spelling, what each stands for by its name upstream, and the types of those that OpenAI runs."""
    functions: list[Message] = []
    known: dict[str, Tool] = {}
    hosted: list[str] = []
    for at, given in enumerate(fields.items(raw, "tools")):
        tool, param = fields.mapping(given, f"tools[{at}]"), f"tools[{at}]"
        kind = tool.get("type")
        if isinstance(kind, str) and kind.startswith(HOSTED):
            hosted.append(kind)
            continue
        namespace = fields.text(tool.get("name"), f"{param}.name") if kind == "namespace" else None
        inner = fields.items(tool.get("tools"), f"{param}.tools") if namespace else [tool]
        for each in inner:
            function, one = _function(fields.mapping(each, f"{param}.tools"), namespace, param)
            functions.append({"type": "function", "function": function})
            known[function["name"]] = one
    return functions, known, tuple(hosted)


def _function(tool: Item, namespace: str | None, param: str) -> tuple[Message, Tool]:
    kind = tool.get("type")
    if kind not in ("function", "custom"):
        raise fields.wrong(f"{param}.type", kind, f"function, custom, namespace, or one of {', '.join(HOSTED)}")
    name = fields.text(tool.get("name"), f"{param}.name")
    one = Tool(name=name, namespace=namespace, is_custom=kind == "custom")
    function: Message = {"name": joined(namespace, name) if namespace else name}
    description = tool.get("description")
    if isinstance(description, str):
        function["description"] = f"{description}\n{_grammar(tool)}".rstrip() if one.is_custom else description
    function["parameters"] = (
        CUSTOM if one.is_custom else dict(fields.mapping(tool.get("parameters"), f"{param}.parameters"))
    )
    if tool.get("strict") and not one.is_custom:
        function["strict"] = True
    return function, one


def _grammar(tool: Item) -> str:
    """The form of a custom tool's text, told in words where no upstream enforces it."""
    form = tool.get("format")
    definition = form.get("definition") if isinstance(form, dict) else None
    return f"The input follows this grammar:\n{definition}" if isinstance(definition, str) else ""


def tool_choice_of(raw: object, known: Mapping[str, Tool]) -> dict[str, Any]:
    """The neutral field for what the model may do with its tools."""
    if raw is None:
        return {}
    if raw in ("auto", "none", "required"):
        return {"tool_choice": raw}
    choice = fields.mapping(raw, "tool_choice")
    match choice.get("type"):
        case "function" | "custom":
            name = fields.text(choice.get("name"), "tool_choice.name")
            if name not in known:
                raise fields.wrong(
                    "tool_choice.name", name, f"one of {', '.join(known) or 'the tools, of which there are none'}"
                )
            return {"tool_choice": {"type": "function", "function": {"name": name}}}
        case "allowed_tools" if choice.get("mode") in ("auto", "required"):
            return {"tool_choice": choice["mode"]}
        case other:
            raise fields.wrong("tool_choice.type", other, "auto, none, required, function, custom or allowed_tools")
