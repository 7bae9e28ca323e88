"""What a page says, as tests ask for it."""

from typing import Any


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer
    return str(answer.content.decode())


def said(answer: Any) -> list[str]:
    """What the page tells at its top."""
    assert answer.status_code == 200, answer
    return [str(message) for message in answer.context["messages"]]
