"""Messages in the neutral spelling, as every other dialect needs them taken apart. Pure."""

from collections.abc import Mapping
from typing import Any

import orjson


def content_of(message: Mapping[str, Any]) -> Any:
    """What a message says: a model that refused says so beside its content."""
    return message.get("content") or message.get("refusal")


def words(content: Any) -> str:
    """The text of a content, which may come in parts."""
    if isinstance(content, list):
        return "\n".join(str(part.get("text") or part.get("refusal") or "") for part in content)
    return content or ""


def arguments(text: Any) -> dict[str, Any]:
    """What a call gives its tool, as an object. What the model wrote wrong is told as it was."""
    try:
        found = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {"invalid_json": text}
    return found if isinstance(found, dict) else {"invalid_json": text}


def data_of(address: str) -> tuple[str, str] | None:
    """Media type and base64 of an address that holds its data; None for one that leads somewhere."""
    head, comma, data = address.partition(",")
    if not (address.startswith("data:") and comma and head.endswith(";base64")):
        return None
    return head.removeprefix("data:").removesuffix(";base64"), data
