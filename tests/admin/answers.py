"""What a page says, as tests ask for it."""

from typing import Any

from django.test import Client


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer
    return str(answer.content.decode())


def messages_of(answer: Any) -> list[str]:
    """What the page says at its top."""
    assert answer.status_code == 200, answer
    return [str(message) for message in answer.context["messages"]]


def post(client: Client, path: str, **fields: Any) -> Any:
    """The page that one comes to after the form was sent."""
    return client.post(path, fields, follow=True)
