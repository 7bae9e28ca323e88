"""What the encoder reads of a text, in training and at run time alike."""

HEAD_CHARS, TAIL_CHARS = 1_000, 400


def excerpt(text: str) -> str:
    """The text, or head and tail of a longer one. Halves of characters, which cannot be sent, become question marks."""
    if len(text) > HEAD_CHARS + TAIL_CHARS:
        text = f"{text[:HEAD_CHARS]}\n{text[-TAIL_CHARS:]}"
    return text.encode(errors="replace").decode()
