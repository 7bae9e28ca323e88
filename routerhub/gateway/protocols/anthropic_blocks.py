"""Anthropic's messages, block by block, in the neutral spelling: what a request's conversation and tools are read into.

Thinking of earlier turns that Anthropic signed has no neutral spelling and is left out of it, as is what only Anthropic's servers
know; an upstream of Anthropic's dialect gets the client's own body, in which it stands. What another upstream sealed goes back to
that one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from models_registry.upstream import thoughts
from routerhub.gateway.errors import BadRequest
from routerhub.gateway.protocols import fields
from routerhub.gateway.protocols.anthropic_own import is_own_block, is_own_tool

ROLES = ("user", "assistant", "system")
EFFORT_FIELD, BUDGET_FIELD = "output_config.effort", "thinking.budget_tokens"
MAX_BUDGET = 10_000_000
Block = Mapping[str, Any]
Message = dict[str, Any]


def messages_of(system: object, raw: object) -> list[Message]:
    """The conversation, its system prompt first. Raises BadRequest, which names the field."""
    if not isinstance(raw, list) or not raw:
        raise fields.wrong("messages", raw, "a list of at least one message")
    found = [] if system is None else [{"role": "system", "content": _joined(_blocks(system, "system"), "system")}]
    for at, message in enumerate(raw):
        param = f"messages[{at}]"
        if not isinstance(message, dict):
            raise fields.wrong(param, message, "an object with role and content")
        role = message.get("role")
        if role not in ROLES:
            raise fields.wrong(f"{param}.role", role, f"one of {', '.join(ROLES)}")
        found += _READ[role](_blocks(message.get("content"), f"{param}.content"), f"{param}.content")
    return found


def _blocks(raw: object, param: str) -> list[Block]:
    """A content's blocks that have a neutral spelling; a text is one."""
    if isinstance(raw, str):
        return [{"type": "text", "text": raw}]
    if not isinstance(raw, list) or not all([isinstance(block, dict) for block in raw]):
        raise fields.wrong(param, raw, "a text or a list of blocks")
    return [block for block in raw if not is_own_block(block)]


def _text(block: Block, param: str) -> str:
    text = block.get("text")
    if not isinstance(text, str):
        raise fields.wrong(f"{param}.text", text, "a text")
    return text


def _joined(blocks: Sequence[Block], param: str) -> str:
    """The text of blocks that can be nothing else."""
    for at, block in enumerate(blocks):
        if block.get("type") != "text":
            raise fields.wrong(f"{param}[{at}].type", block.get("type"), "text")
    return "\n".join(_text(block, f"{param}[{at}]") for at, block in enumerate(blocks))


# --- what the model said


def _said(blocks: Sequence[Block], param: str) -> Iterator[Message]:
    """An assistant's turn."""
    texts: list[str] = []
    calls: list[Message] = []
    sealed: list[Message] = []
    for at, block in enumerate(blocks):
        match block.get("type"):
            case "text":
                texts.append(_text(block, f"{param}[{at}]"))
            case "tool_use":
                calls.append(_call(block, f"{param}[{at}]"))
            case "thinking" if thoughts.is_sealed(block.get("signature")):
                sealed.append({"text": str(block.get("thinking") or ""), "seal": block["signature"]})
            case "thinking" | "redacted_thinking":
                continue
            case other:
                raise fields.wrong(f"{param}[{at}].type", other, "text, tool_use, thinking or redacted_thinking")
    message: Message = {
        "role": "assistant",
        "content": "".join(texts) or None,
        **({thoughts.KEY: sealed} if sealed else {}),
    }
    yield {**message, "tool_calls": calls} if calls else message


def _call(block: Block, param: str) -> Message:
    arguments = orjson.dumps(fields.mapping(block.get("input"), f"{param}.input")).decode()
    function = {"name": fields.text(block.get("name"), f"{param}.name"), "arguments": arguments}
    return {"id": fields.identifier(block.get("id"), f"{param}.id"), "type": "function", "function": function}


# --- what the user said


def _asked(blocks: Sequence[Block], param: str) -> Iterator[Message]:
    """A user's turn: results of tools first, as messages of their own; pictures in a result go with the user's words."""
    parts: list[Message] = []
    for at, block in enumerate(blocks):
        if block.get("type") == "tool_result":
            result, attached = _result(block, f"{param}[{at}]")
            parts += attached
            yield result
        else:
            parts.append(_part(block, f"{param}[{at}]"))
    if parts:
        is_text = all([part["type"] == "text" for part in parts])
        yield {"role": "user", "content": "\n".join(part["text"] for part in parts) if is_text else parts}


def _result(block: Block, param: str) -> tuple[Message, list[Message]]:
    """A tool's result, and what of it is no text."""
    content = block.get("content")
    blocks = [] if content is None else _blocks(content, f"{param}.content")
    parts = [_part(each, f"{param}.content[{at}]") for at, each in enumerate(blocks)]
    text = "\n".join(part["text"] for part in parts if part["type"] == "text")
    identifier = fields.identifier(block.get("tool_use_id"), f"{param}.tool_use_id")
    if fields.flag(block.get("is_error"), f"{param}.is_error"):
        text = f"Error: {text}"
    result = {"role": "tool", "tool_call_id": identifier, "content": text}
    return result, [part for part in parts if part["type"] != "text"]


def _part(block: Block, param: str) -> Message:
    kind = block.get("type")
    read = _PARTS.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise fields.wrong(f"{param}.type", kind, f"one of {', '.join(_PARTS)}")
    return read(block, param)


def _image(block: Block, param: str) -> Message:
    return {"type": "image_url", "image_url": {"url": _address(block.get("source"), f"{param}.source")}}


def _document(block: Block, param: str) -> Message:
    source = fields.mapping(block.get("source"), f"{param}.source")
    match source.get("type"):
        case "text":
            return {"type": "text", "text": _titled(block.get("title"), _data(source, f"{param}.source"))}
        case "content":
            blocks = _blocks(source.get("content"), f"{param}.source.content")
            return {"type": "text", "text": _titled(block.get("title"), _joined(blocks, f"{param}.source.content"))}
    name = block.get("title")
    file = {"filename": name if isinstance(name, str) and name else "document.pdf"}
    return {"type": "file", "file": {**file, "file_data": _address(source, f"{param}.source")}}


def _search_result(block: Block, param: str) -> Message:
    text = _joined(_blocks(block.get("content"), f"{param}.content"), f"{param}.content")
    return {"type": "text", "text": f"{_titled(block.get('title'), text)}\n{block.get('source') or ''}".rstrip()}


def _titled(title: object, text: str) -> str:
    return f"{title}\n{text}" if isinstance(title, str) and title else text


def _address(raw: object, param: str) -> str:
    """A picture or a document, as an address: its own, or one that holds the data."""
    source = fields.mapping(raw, param)
    match source.get("type"):
        case "url" if isinstance(source.get("url"), str):
            return str(source["url"])
        case "base64":
            return f"data:{fields.text(source.get('media_type'), f'{param}.media_type')};base64,{_data(source, param)}"
    raise fields.wrong(f"{param}.type", source.get("type"), "base64 with media_type and data, or url with url")


def _data(source: Block, param: str) -> str:
    data = source.get("data")
    if not isinstance(data, str):
        raise fields.wrong(f"{param}.data", data, "a text")
    return data


_PARTS: Mapping[str, Callable[[Block, str], Message]] = {
    "text": lambda block, param: {"type": "text", "text": _text(block, param)},
    "image": _image,
    "document": _document,
    "search_result": _search_result,
}
_READ: Mapping[str, Callable[[Sequence[Block], str], Iterator[Message]]] = {
    "user": _asked,
    "assistant": _said,
    "system": lambda blocks, param: iter([{"role": "system", "content": _joined(blocks, param)}]),
}


# --- tools


def tools_of(raw: object) -> list[Message]:
    """The tools that the client describes itself. Those that Anthropic runs are refused."""
    return [_tool(tool, f"tools[{at}]") for at, tool in enumerate(fields.items(raw, "tools")) if not is_own_tool(tool)]


def _tool(raw: object, param: str) -> Message:
    tool = fields.mapping(raw, param)
    if tool.get("type") not in (None, "custom"):
        raise fields.wrong(f"{param}.type", tool.get("type"), "custom")
    function: Message = {"name": fields.text(tool.get("name"), f"{param}.name")}
    if isinstance(tool.get("description"), str):
        function["description"] = tool["description"]
    function["parameters"] = dict(fields.mapping(tool.get("input_schema"), f"{param}.input_schema"))
    if fields.flag(tool.get("strict"), f"{param}.strict"):
        function["strict"] = True
    return {"type": "function", "function": function}


def tool_choice_of(raw: object) -> dict[str, Any]:
    """The neutral fields for what the model may do with its tools."""
    choice = fields.mapping(raw, "tool_choice")
    found: dict[str, Any] = {}
    match choice.get("type"):
        case None if not choice:
            return found
        case "auto" | "none" as word:
            found["tool_choice"] = word
        case "any":
            found["tool_choice"] = "required"
        case "tool":
            name = fields.text(choice.get("name"), "tool_choice.name")
            found["tool_choice"] = {"type": "function", "function": {"name": name}}
        case other:
            raise fields.wrong("tool_choice.type", other, "one of auto, any, tool, none")
    if fields.flag(choice.get("disable_parallel_tool_use"), "tool_choice.disable_parallel_tool_use"):
        found["parallel_tool_calls"] = False
    return found


THOROUGH_TOKENS, DEEP_TOKENS = 4_096, 16_384
"""Budgets for thinking from which on they are a medium and a high effort."""


def effort_of(output_config: object, thinking: object) -> tuple[str, str]:
    """How much the model is to reason, in the neutral spelling, and which field says so. Both are empty where none does."""
    said = fields.mapping(output_config, "output_config").get("effort")
    if said is not None:
        return fields.effort(said, EFFORT_FIELD) or "", EFFORT_FIELD
    budget = fields.mapping(thinking, "thinking").get("budget_tokens")
    if budget is None:
        return "", ""
    fields.whole(budget, BUDGET_FIELD, MAX_BUDGET)
    return "low" if budget < THOROUGH_TOKENS else "medium" if budget < DEEP_TOKENS else "high", BUDGET_FIELD


def response_format_of(raw: object) -> dict[str, Any]:
    """The neutral fields for the form of the answer."""
    wanted = fields.mapping(fields.mapping(raw, "output_config").get("format"), "output_config.format")
    if not wanted:
        return {}
    if wanted.get("type") != "json_schema":
        raise fields.wrong("output_config.format.type", wanted.get("type"), "json_schema")
    schema = fields.mapping(wanted.get("schema"), "output_config.format.schema")
    if not schema:
        raise BadRequest(
            "output_config.format.schema: it is missing; allowed is a JSON schema.", "output_config.format.schema"
        )
    return {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": dict(schema), "strict": True},
        }
    }
