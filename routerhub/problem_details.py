"""The shape of every error of the REST API, RFC 9457: {"type", "title", "status", "detail", "instance", ...}."""

from http import HTTPStatus
from typing import Any

CONTENT_TYPE = "application/problem+json"


def problem(status: int, detail: str, instance: str, **more: Any) -> dict[str, Any]:
    """The members that every problem has, and more."""
    title = HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, "instance": instance, **more}
