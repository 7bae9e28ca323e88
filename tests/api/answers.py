"""What the API says, as tests ask for it."""

from typing import Any

from django.test import Client


def problem(answer: Any) -> tuple[int, list[str]]:
    """Status and fields of an error as RFC 9457 has it."""
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert len(body["detail"]) > 5
    return answer.status_code, [each["field"] for each in body.get("errors", [])]


def send(client: Client, method: str, path: str, **body: Any) -> Any:
    return getattr(client, method.lower())(f"/api/{path}", body, "application/json")
