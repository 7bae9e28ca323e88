"""What was said, as people read it: who said what, one after another, whichever dialect it was said in. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

TEXTS = ("text", "content", "refusal", "reasoning", "thinking", "output", "input_text", "output_text")
"""Fields that hold what was said, in the dialects' parts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    role: str
    text: str


def turns(request: Mapping[str, Any], answer: Any) -> list[Turn]:
    """All of it in order: instructions, the conversation, the answers."""
    found = [Turn(role="system", text=_text(request[name])) for name in ("system", "instructions") if request.get(name)]
    given = request.get("messages") or request.get("input") or ()
    found += [_turn(each) for each in ([given] if isinstance(given, str) else given)]
    return found + [_turn({"role": "assistant", **choice}) for choice in answer or ()]


def _turn(message: Any) -> Turn:
    if not isinstance(message, Mapping):
        return Turn(role="user", text=_text(message))
    role = message.get("role") or message.get("type") or "user"
    return Turn(role=str(role), text="\n".join(_pieces(message)))


def _pieces(message: Mapping[str, Any]) -> Iterator[str]:
    said = [_text(message[name]) for name in TEXTS if message.get(name)]
    yield from said
    calls = message.get("tool_calls") or ()
    for call in calls if isinstance(calls, Sequence) and not isinstance(calls, str) else ():
        yield _call(call)
    if not said and not calls:
        yield _json({name: value for name, value in message.items() if name != "role"})


def _call(call: Any) -> str:
    function = call.get("function", call) if isinstance(call, Mapping) else {}
    name, arguments = function.get("name"), function.get("arguments")
    return f"calls {name}({_text(arguments)})" if name else _json(call)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return next((_text(value[name]) for name in TEXTS if value.get(name)), None) or _json(value)
    if isinstance(value, Sequence):
        return "\n".join(_text(each) for each in value)
    return _json(value)


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
