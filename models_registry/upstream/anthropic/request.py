"""What is asked in the neutral spelling, as Anthropic's messages have it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from models_registry.upstream import call_ids, thoughts
from models_registry.upstream.anthropic.models import fitted, takes_sampling, thinks_by_budget, untaken
from models_registry.upstream.base import ANTHROPIC, NOTHING_LACKS, Lacking, UpstreamRequest
from models_registry.upstream.carrying import rejected, table
from models_registry.upstream.neutral import arguments, content_of, data_of, words

OURS = frozenset({"model", "max_tokens", "stream", "routerhub", "sandbox"})
"""Fields of a client's own body that RouterHub says itself, or not at all."""
TABLE = table(ANTHROPIC, "Anthropic's API", "image_url", "file")
NEUTRAL_SAMPLING = ("temperature", "top_p")
EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}
BUDGETS = {"minimal": 1_024, "low": 1_024, "medium": 8_192, "high": 24_576, "xhigh": 24_576, "max": 24_576}
"""Tokens of thinking, for the models that know no effort."""
MIN_BUDGET = 1_024
MAX_TEMPERATURE = 1.0
"""In the neutral spelling it goes up to 2."""
IDS = {"tool_use": "id", "tool_result": "tool_use_id"}
"""Where a block has the id of its call."""
Block = dict[str, Any]


def is_own(request: UpstreamRequest) -> bool:
    """Whether the client spoke this dialect, so that its own body is passed on."""
    return request.dialect == ANTHROPIC and request.native is not None


def payload_of(request: UpstreamRequest) -> dict[str, Any]:
    """The body to send, with the model's name there and the limit that is held for. Raises Rejected."""
    ours = {"model": request.model, "max_tokens": request.max_output_tokens}
    if is_own(request):
        body = {name: value for name, value in (request.native or {}).items() if name not in OURS}
        body["messages"] = [_own(message) for message in body["messages"]]
        body = fitted(body, request.model)
        if (request.native or {}).get("max_tokens", 0) > request.max_output_tokens:
            body = _thinking_within(body, request.max_output_tokens)
    else:
        body = {**_spelled(request.content, request.model, request.provider), **_reasoning(request)}
    if request.default_temperature is not None and "thinking" not in body and takes_sampling(request.model):
        body.setdefault("temperature", min(request.default_temperature, MAX_TEMPERATURE))
    if request.script is not None:
        body["sandbox"] = request.script
    return {**body, **ours}


def _thinking_within(body: Block, max_output_tokens: int) -> Block:
    """An answer that was shortened has no room for the thoughts that its client wanted: half of it goes to them, or none."""
    thinking = body.get("thinking")
    wanted = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    if thinking is None or not isinstance(wanted, int) or wanted < max_output_tokens:
        return body
    budget = max_output_tokens // 2
    rest = {name: value for name, value in body.items() if name != "thinking"}
    return {**rest, "thinking": {**thinking, "budget_tokens": budget}} if budget >= MIN_BUDGET else rest


def _own(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """A turn as its client wrote it, but without what other models thought and signed: Anthropic refuses thoughts that its own
    models did not sign."""
    blocks = message.get("content")
    if not isinstance(blocks, list):
        return message
    return {**message, "content": [_plain(block) for block in blocks if not _is_unsigned(block)]}


def _plain(block: Any) -> Any:
    name = IDS.get(str(block.get("type"))) if isinstance(block, dict) else None
    identifier = block.get(name) if name else None
    if not isinstance(identifier, str) or call_ids.MARK not in identifier:
        return block
    return {**block, name: call_ids.opened(identifier)[0]}


def _is_unsigned(block: Any) -> bool:
    if not isinstance(block, dict) or block.get("type") != "thinking":
        return False
    return not block.get("signature") or thoughts.is_sealed(block["signature"])


def _spelled(content: Mapping[str, Any], model: str, provider: str) -> dict[str, Any]:
    TABLE.check(content)
    plain = call_ids.without_signatures(content["messages"])
    system, messages = _conversation(thoughts.readable(plain, ANTHROPIC, provider))
    found: dict[str, Any] = {"messages": messages}
    if system:
        found["system"] = system
    if content.get("tools"):
        found["tools"] = [_tool(tool) for tool in content["tools"]]
        found |= _tool_choice(content)
    if not _thinks(content):
        left_out = untaken(content, model)
        found |= {name: min(content[name], MAX_TEMPERATURE) for name in NEUTRAL_SAMPLING
                  if name not in left_out and content.get(name) is not None}  # fmt: skip
    stop = content.get("stop")
    if sequences := [each for each in ([stop] if isinstance(stop, str) else stop or []) if each and not each.isspace()]:
        found["stop_sequences"] = sequences
    return found


# --- the conversation


def _conversation(messages: list[Mapping[str, Any]]) -> tuple[str | list[Block], list[dict[str, Any]]]:
    """The system's words, and turns of user and assistant in which neighbours of one role are one, results of tools first."""
    system: list[Block] = []
    turns: list[dict[str, Any]] = []
    for at, message in enumerate(messages):
        role = message["role"]
        if role in {"system", "developer"}:
            system += [block for block in _marked(message, f"messages[{at}]") if block["type"] == "text"]
            continue
        blocks = list(_blocks(message, f"messages[{at}]"))
        role = "assistant" if role == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    for turn in turns:
        turn["content"].sort(key=lambda block: block["type"] != "tool_result" and turn["role"] == "user")
    has_marks = any("cache_control" in block for block in system)
    return system if has_marks else "\n\n".join([block["text"] for block in system]), turns


def _marked(message: Mapping[str, Any], param: str) -> Iterator[Block]:
    """The parts of a message, with the marks of what is to be cached."""
    content = content_of(message)
    if isinstance(content, str) and content:
        yield {"type": "text", "text": content}
    for at, part in enumerate(content if isinstance(content, list) else ()):
        mark = {"cache_control": part["cache_control"]} if part.get("cache_control") else {}
        yield from [{**block, **mark} for block in _part(part, f"{param}.content[{at}]")]


def _blocks(message: Mapping[str, Any], param: str) -> Iterator[Block]:
    if message["role"] in {"tool", "function"}:
        identifier = message.get("tool_call_id")
        if not isinstance(identifier, str):
            raise rejected(f"{param} without a tool_call_id", TABLE.title)
        yield {"type": "tool_result", "tool_use_id": identifier, "content": words(message.get("content"))}
        return
    for thought in message.get(thoughts.KEY) or ():
        yield {"type": "thinking", "thinking": thought["text"], "signature": thought["seal"]}
    yield from _marked(message, param)
    for call in message.get("tool_calls") or ():
        function = call.get("function") or {}
        yield {
            "type": "tool_use", "id": call.get("id"), "name": function.get("name"),
            "input": arguments(function.get("arguments")),
        }  # fmt: skip


def _part(part: Mapping[str, Any], param: str) -> Iterator[Block]:
    match part.get("type"):
        case "text" | "refusal" as kind:
            if part.get(kind):  # an empty block is refused there
                yield {"type": "text", "text": part[kind]}
        case "image_url":
            image = part.get("image_url")
            yield {"type": "image", "source": _source(image.get("url") if isinstance(image, dict) else image, param)}
        case "file" if isinstance(part.get("file"), dict) and part["file"].get("file_data"):
            file = part["file"]
            yield {"type": "document", "title": file.get("filename"), "source": _source(file["file_data"], param)}
        case other:
            raise rejected(f"{param} of type {other}", TABLE.title)


def _source(address: Any, param: str) -> Block:
    """A picture or document by its address, or by the data in it."""
    if not isinstance(address, str):
        raise rejected(f"{param} without an address", TABLE.title)
    if (held := data_of(address)) is not None:
        return {"type": "base64", "media_type": held[0], "data": held[1]}
    return {"type": "url", "url": address}


# --- tools, and the form of the answer


def _tool(tool: Mapping[str, Any]) -> Block:
    function = tool["function"]
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    made: Block = {"name": function.get("name"), "input_schema": schema}
    if function.get("description"):
        made["description"] = function["description"]
    if function.get("strict"):
        made["strict"] = True
    return {**made, "cache_control": tool["cache_control"]} if tool.get("cache_control") else made


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


def lacking(content: Mapping[str, Any], dialect: str, model: str) -> Lacking:
    """What there is no word for, or what this model does not take: sampling, at least while it thinks."""
    is_own_body = dialect == ANTHROPIC
    found = NOTHING_LACKS if is_own_body else TABLE.lacking(content)
    left_out = NEUTRAL_SAMPLING if _thinks(content) and not is_own_body else untaken(content, model)
    if is_own_body and thinks_by_budget(model):
        left_out = (*left_out, "reasoning_effort")
    return replace(found, dropped=found.dropped + tuple([each for each in left_out if content.get(each) is not None]))


def _thinks(content: Mapping[str, Any]) -> bool:
    """Whether the model is to think. A tool that it must call leaves no room for it."""
    return content.get("reasoning_effort") in EFFORTS and content.get("tool_choice") in (None, "auto", "none")


def _reasoning(request: UpstreamRequest) -> Block:
    """How much the model is to reason: an effort, or where it knows none a budget, of at most half of the answer.

    By budget it does not think in a round of calls that began without: there each turn's thoughts have to come back.
    """
    content, found = request.content, Block()
    config, effort = _form(content), content.get("reasoning_effort")
    if effort in EFFORTS and not thinks_by_budget(request.model):
        config["effort"] = EFFORTS[effort]
        found = {"thinking": {"type": "adaptive"}} if _thinks(content) else {}
    elif _thinks(content) and content["messages"][-1]["role"] != "tool":
        budget = min(BUDGETS[content["reasoning_effort"]], request.max_output_tokens // 2)
        found = {"thinking": {"type": "enabled", "budget_tokens": budget}} if budget >= MIN_BUDGET else {}
    return {**found, **({"output_config": config} if config else {})}


def _form(content: Mapping[str, Any]) -> Block:
    """The form of the answer."""
    config: Block = {}
    wanted = content.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        config["format"] = {"type": "json_schema", "schema": (wanted.get("json_schema") or {}).get("schema")}
    return config
