"""Messages in the neutral spelling, as every other dialect needs them taken apart. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

PICTURES = {"iVBORw0KGgo": "image/png", "/9j/": "image/jpeg", "R0lGOD": "image/gif", "UklGR": "image/webp"}
"""By how their data begin, in base64."""


def content_of(message: Mapping[str, Any]) -> Any:
    """What a message says: a model that refused says so beside its content."""
    return message.get("content") or message.get("refusal")


def words(content: Any) -> str:
    """The text of a content, which may come in parts."""
    if isinstance(content, list):
        return "\n".join(str(part.get("text") or part.get("refusal") or "") for part in content)
    return content or ""


def unpaired(messages: Sequence[Mapping[str, Any]]) -> str:
    """A call without a result before the model's next turn, or a result without a call; empty where each has its other."""
    known: set[str] = set()
    waiting: set[str] = set()
    for at, message in enumerate(messages):
        if message["role"] in {"tool", "function"}:
            waiting.discard(identifier := str(message.get("tool_call_id")))
            if identifier not in known:
                return f"messages[{at}].tool_call_id, which is that of no call"
        elif message["role"] == "assistant":
            if waiting:
                break
            waiting = {str(call.get("id")) for call in message.get("tool_calls") or ()}
            known |= waiting
    return f"tool call {min(waiting)} without a result" if waiting else ""


def arguments(text: Any) -> dict[str, Any]:
    """What a call gives its tool, as an object. What the model wrote wrong is told as it was."""
    try:
        found = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {"invalid_json": text}
    return found if isinstance(found, dict) else {"invalid_json": text}


def is_linked(file: Mapping[str, Any]) -> bool:
    """Whether a file is told by its address alone."""
    data = file.get("file_data")
    return isinstance(data, str) and data.startswith(("https://", "http://"))


def data_of(address: str) -> tuple[str, str] | None:
    """Media type and base64 of an address that holds its data; None for one that leads somewhere. The type of a picture is that
    of its data, whatever the address says: a wrong one is refused."""
    head, comma, data = address.partition(",")
    if not (address.startswith("data:") and comma and head.endswith(";base64")):
        return None
    told = head.removeprefix("data:").removesuffix(";base64")
    return next((kind for begin, kind in PICTURES.items() if data.startswith(begin)), told), data
