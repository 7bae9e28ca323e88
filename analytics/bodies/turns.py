"""What was said, as people read it: who said what, one after another, whichever dialect it was said in. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from analytics.bodies.redaction.types import KINDS

TEXTS = ("text", "content", "refusal", "reasoning", "thinking", "output", "input_text", "output_text")
"""Fields that hold what was said, in the dialects' parts."""

MEDIA = re.compile(r"\[[^\]]{1,64}, [\d,]+ bytes\]")
OUT = re.compile(rf"(\[(?:{'|'.join(KINDS)})(?:, [\d,]+ characters)?\]|{MEDIA.pattern})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    role: str
    text: str

    @property
    def pieces(self) -> list[tuple[bool, str]]:
        """The text in pieces, each with whether it stands for something that was taken out."""
        return [(bool(OUT.fullmatch(piece)), piece) for piece in OUT.split(self.text) if piece]


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
        return next((_text(value[name]) for name in TEXTS if value.get(name)), "") or _media(value) or _json(value)
    if isinstance(value, Sequence):
        return "\n".join(_text(each) for each in value)
    return _json(value)


def _media(part: Mapping[str, Any]) -> str:
    """What stands for a picture or for sound in a part of a message; empty where none does."""
    for each in part.values():
        found = _media(each) if isinstance(each, Mapping) else each
        if isinstance(found, str) and MEDIA.fullmatch(found):
            return found
    return ""


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
