"""What the API says, as tests ask for it."""

from typing import Any


def problem(answer: Any) -> tuple[int, list[str]]:
    """Status and fields of an error as RFC 9457 has it."""
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert len(body["detail"]) > 5
    return answer.status_code, [each["field"] for each in body.get("errors", [])]
