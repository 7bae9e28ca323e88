"""Calls of tools as every client expects them, out of how servers compatible with OpenAI's spell them.

Some number all parallel calls 0, give a call no id, or end an answer that calls a tool with "stop". What is amended is the JSON
itself, before anything is read of it, so that clients of the same dialect and of others get the same.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson

from models_registry.upstream.wire.json_values import count

Json = dict[str, Any]


@dataclass(kw_only=True, slots=True)
class _Call:
    """One that has begun, and its arguments so far."""

    index: int
    id: str
    arguments: list[str] = field(default_factory=list)

    def goes_on_with(self, piece: Json) -> bool:
        """Whether a piece of the same number is one of this call: not with another id, nor with a name after its end."""
        if piece.get("id"):
            return bool(piece["id"] == self.id)
        return not (_function(piece).get("name") and self._is_whole())

    def _is_whole(self) -> bool:
        try:
            orjson.loads("".join(self.arguments))
        except orjson.JSONDecodeError:
            return False
        return True


class Calls:
    """The calls of one stream, by the choice and the number that the upstream gave."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], _Call] = {}
        self._used: dict[int, set[int]] = {}
        """Numbers that were given, by choice."""

    def amend(self, choice: Json) -> None:
        """A choice of a chunk: each call gets a number and an id of its own."""
        index, delta = count(choice.get("index")) or 0, choice.get("delta")
        calls = delta.get("tool_calls") if isinstance(delta, dict) else None
        for at, piece in enumerate(calls if isinstance(calls, list) else ()):
            if _is_call(piece):
                self._amend_piece(index, at, piece)
        if choice.get("finish_reason") == "stop" and self._used.get(index):
            choice["finish_reason"] = "tool_calls"

    def _amend_piece(self, choice: int, at: int, piece: Json) -> None:
        theirs = at if (given := count(piece.get("index"))) is None else given
        call = self._open.get((choice, theirs))
        if call is None and not _begins(piece):
            return
        if call is None or not call.goes_on_with(piece):
            used = self._used.setdefault(choice, set())
            call = _Call(index=max(used) + 1 if theirs in used else theirs, id=_with_id(piece))
            self._open[choice, theirs] = call
            used.add(call.index)
        arguments = _function(piece).get("arguments")
        call.arguments.append(arguments if isinstance(arguments, str) else "")
        piece["index"] = call.index


def amend_whole(choice: Json) -> None:
    """A choice of a whole answer: each call gets an id, and the answer ends by calling."""
    message = choice.get("message")
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    made = [call for call in calls if _is_call(call) and _begins(call)] if isinstance(calls, list) else []
    for call in made:
        _with_id(call)
    if made and choice.get("finish_reason") == "stop":
        choice["finish_reason"] = "tool_calls"


def _with_id(call: Json) -> str:
    if not call.get("id"):
        call["id"] = f"call_{uuid4().hex}"
    return str(call["id"])


def _is_call(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("function"), dict)


def _begins(call: Json) -> bool:
    """Whether it says which tool is called, or at least which call it is."""
    return bool(call.get("id") or _function(call).get("name"))


def _function(call: Json) -> Json:
    function = call.get("function")
    return function if isinstance(function, dict) else {}
