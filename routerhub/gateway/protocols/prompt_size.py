"""The most tokens that a prompt can have: no tokenizer makes more of them than there are bytes of text."""

from collections.abc import Mapping, Sequence
from typing import Any

IMAGE_CEILING_TOKENS = 5_000
"""Accepted limit: no current model charges more for one picture. A picture's bytes say nothing about its tokens."""
AUDIO_BYTES_PER_TOKEN = 100
"""Accepted limit: encoded speech has 1,500 bytes a second and more, and models charge 10 to 40 tokens for one."""
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


def _attachment(part: Mapping[str, Any]) -> int:
    """The most tokens of an attachment in place of its size in the JSON. A picture by reference has no size here."""
    image, audio = part.get("image_url"), part.get("input_audio")
    if image is not None:
        address = image.get("url") if isinstance(image, dict) else image
        return IMAGE_CEILING_TOKENS - (len(address) if isinstance(address, str) else 0)
    if isinstance(audio, dict):
        data = audio.get("data")
        size = len(data) if isinstance(data, str) else 0
        return size // AUDIO_BYTES_PER_TOKEN + 1 - size
    return 0
