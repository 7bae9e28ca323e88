"""The items of a response and their parts: each made here, for whole answers and for streams."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from models_registry.upstream.base import Choice, ToolCall
from routerhub.gateway.protocols.openai_responses.input import INPUT, Tool

TEXT, REFUSAL, REASONING = "text", "refusal", "reasoning"
"""What an item with words consists of; all others are calls."""
PREFIXES = {TEXT: "msg", REFUSAL: "msg", REASONING: "rs"}


def items(choice: Choice, known: Mapping[str, Tool], own: str) -> Iterator[dict[str, Any]]:
    """What a whole choice says. `own` makes their ids."""
    for key, text in said(choice):
        yield item(key, f"{PREFIXES[key]}_{own}_{key}", text, told_logprobs(choice), choice.sealed)
    for at, call in enumerate(choice.tool_calls):
        yield call_item(call, known, f"{own}_{at}")


def said(choice: Choice) -> Iterator[tuple[str, str]]:
    """The words of a choice or of what a chunk adds to it, by what they are."""
    for key, text in ((REASONING, choice.reasoning), (TEXT, choice.text), (REFUSAL, choice.refusal)):
        if text or (key == REASONING and choice.sealed):
            yield key, text


def told_logprobs(choice: Choice) -> list[Any]:
    """How likely each token of its text was, where the upstream tells."""
    content = choice.logprobs.get("content") if isinstance(choice.logprobs, dict) else None
    return [each for each in content if isinstance(each, dict)] if isinstance(content, list) else []


def part(key: str, text: str, logprobs: Sequence[Any] = ()) -> dict[str, Any]:
    if key == REASONING:
        return {"type": "summary_text", "text": text}
    if key == REFUSAL:
        return {"type": "refusal", "refusal": text}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs}


def item(key: str, identifier: str, text: str | None, logprobs: Sequence[Any] = (), sealed: str = "") -> dict[str, Any]:
    """An item with words; without any yet it has begun."""
    parts = [] if text is None else [part(key, text, logprobs)]
    if key == REASONING:
        seal = {"encrypted_content": sealed} if sealed else {}
        return {"type": "reasoning", "id": identifier, "summary": parts if text else [], **seal}
    status = "in_progress" if text is None else "completed"
    return {"type": "message", "id": identifier, "status": status, "role": "assistant", "content": parts}


def call_item(call: ToolCall, known: Mapping[str, Tool], own: str) -> dict[str, Any]:
    """A call as the client named its tool: of a function with its arguments, of a custom tool with its text."""
    tool = known.get(call.name) or Tool(name=call.name, namespace=None, is_custom=False)
    names = {"call_id": call.id, "name": tool.name, **({"namespace": tool.namespace} if tool.namespace else {})}
    if tool.is_custom:
        return {"type": "custom_tool_call", "id": f"ctc_{own}", "status": "completed", **names, "input": _input(call)}
    return {"type": "function_call", "id": f"fc_{own}", "status": "completed", **names, "arguments": call.arguments}


def _input(call: ToolCall) -> str:
    """A custom tool's text. Where the model did not put it into the one argument, all that it wrote."""
    try:
        found = orjson.loads(call.arguments)[INPUT]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return call.arguments
    return found if isinstance(found, str) else call.arguments
