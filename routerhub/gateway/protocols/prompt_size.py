"""The most tokens that a prompt can have: no tokenizer makes more of them than there are bytes of text."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from models_registry.upstream.neutral import is_linked

IMAGE_CEILING_TOKENS = 5_000
"""Accepted limit: no current model charges more for one picture. A picture's bytes say nothing about its tokens."""
AUDIO_BYTES_PER_TOKEN = 100
"""Accepted limit: encoded speech has 1,500 bytes a second and more, and models charge 10 to 40 tokens for one."""
PIECES = re.compile(r"[A-Za-z]{1,6}|\d{1,3}|[^\sA-Za-z\d]|\n\s*")
"""Of a text about as many as tokens: short words, numbers, marks, and of other scripts each character."""
COUNTED_CHARS = 1_000_000
"""Of a longer text the rest is taken to be like its beginning: nobody else waits while it is counted."""
LIKELY_MESSAGE_TOKENS = 4
LIKELY_IMAGE_TOKENS = 1_600
"""Of a picture as large as Anthropic takes it without making it smaller."""
FILE_CHARS_PER_TOKEN = 16
"""Accepted limit: a page of a PDF has 1,500 to 3,000 tokens and seldom less than 40 KB."""
LINKED_FILE_CEILING_TOKENS = 1_000_000
"""Of a document of which only the address is known: as much as the largest windows hold."""
MESSAGE_TOKENS = 16
"""For the marks that a chat template puts around each message."""


def max_input_tokens(body_bytes: int, messages: Sequence[Mapping[str, Any]]) -> int:
    """The body's own size, attachments by their own measure: JSON never has fewer bytes than the texts in it. `messages` in
    the neutral spelling.

    What no model reads counts along. That is little, and counting it apart would mean to write the body once more.
    """
    tokens = body_bytes + MESSAGE_TOKENS * len(messages)
    for message in messages:
        content = message.get("content")
        if isinstance(content, list):
            tokens += sum([_attachment(part) for part in content])
    return tokens


def likely_input_tokens(content: Mapping[str, Any]) -> int:
    """What most tokenizers make of it at most, in any script and in code, with a fifth on top: the newest make the most."""
    messages = content["messages"]
    rest = {name: value for name, value in content.items() if name != "messages"}
    told = "\n".join(
        [*[text for each in messages for text in _texts(each)], *([orjson.dumps(rest).decode()] if rest else [])]
    )
    attached = [part for each in messages if isinstance(each.get("content"), list) for part in each["content"]]
    pieces = len(PIECES.findall(told[:COUNTED_CHARS])) * max(len(told), COUNTED_CHARS) // COUNTED_CHARS
    return (pieces + LIKELY_MESSAGE_TOKENS * len(messages)) * 6 // 5 + sum([_likely(part) for part in attached])


def _texts(message: Mapping[str, Any]) -> Iterator[str]:
    """What a message says and calls."""
    parts = message.get("content")
    for part in parts if isinstance(parts, list) else [{"text": parts or ""}]:
        yield str(part.get("text") or "")
    for call in message.get("tool_calls") or ():
        yield f"{call['function']['name']} {call['function']['arguments']}"


def _likely(part: Mapping[str, Any]) -> int:
    """The tokens of an attachment; of a file by its bytes, as far as they are here."""
    file = part.get("file")
    if isinstance(file, dict):
        return len(str(file.get("file_data") or "")) // FILE_CHARS_PER_TOKEN
    return LIKELY_IMAGE_TOKENS if "image_url" in part else 0


def _attachment(part: Mapping[str, Any]) -> int:
    """The most tokens of an attachment in place of its size in the JSON. A picture by reference has no size here."""
    image, audio = part.get("image_url"), part.get("input_audio")
    if image is not None:
        address = image.get("url") if isinstance(image, dict) else image
        return IMAGE_CEILING_TOKENS - (len(address) if isinstance(address, str) else 0)
    if isinstance(file := part.get("file"), dict) and is_linked(file):
        return LINKED_FILE_CEILING_TOKENS
    if isinstance(audio, dict):
        data = audio.get("data")
        size = len(data) if isinstance(data, str) else 0
        return size // AUDIO_BYTES_PER_TOKEN + 1 - size
    return 0
