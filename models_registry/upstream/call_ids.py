"""Ids of tool calls that carry what must come back with the call. Pure.

Google signs the calls that its models make, and refuses the next turn of a conversation in which a signature is missing. No
client dialect has a place for one, but every client sends a call's id back as it was: the signature travels in it. Whoever
speaks to another upstream takes it out again, since others bound how long an id may be.
"""

from collections.abc import Iterable, Mapping
from typing import Any

MARK = "_rhsig_"
"""Between the id and its signature. Letters, digits, _ and - are what every dialect allows in an id."""
TO_URL = str.maketrans("+/", "-_", "=")
FROM_URL = str.maketrans("-_", "+/")


def sealed(identifier: str, signature: str) -> str:
    """The id with a signature (in base64) in it; as it was where that is empty."""
    return f"{identifier}{MARK}{signature.translate(TO_URL)}" if signature else identifier


def opened(identifier: str) -> tuple[str, str]:
    """The id and the signature, byte for byte as it came; empty where it has none."""
    plain, _, told = identifier.partition(MARK)
    return plain, told.translate(FROM_URL) + "=" * (-len(told) % 4)


def without_signatures(messages: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A conversation in the neutral spelling whose ids are plain. Messages without a signature are the same objects."""
    return [_plain(message) for message in messages]


def _plain(message: Mapping[str, Any]) -> Mapping[str, Any]:
    result, calls = message.get("tool_call_id"), message.get("tool_calls")
    if isinstance(result, str) and MARK in result:
        return {**message, "tool_call_id": opened(result)[0]}
    if isinstance(calls, list) and any(map(_is_sealed, calls)):
        plain = [{**call, "id": opened(call["id"])[0]} if _is_sealed(call) else call for call in calls]
        return {**message, "tool_calls": plain}
    return message


def _is_sealed(call: Any) -> bool:
    return isinstance(call, dict) and isinstance(call.get("id"), str) and MARK in call["id"]
