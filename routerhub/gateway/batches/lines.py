"""The lines of a batch's input file: read one by one out of its pieces, and checked before any of them is asked."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

MAX_CUSTOM_ID = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One request of a batch."""

    number: int
    """From 0; empty lines are not counted."""
    custom_id: str
    body: bytes
    """JSON, as its endpoint takes it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What is wrong with a file or one of its lines, as a client is told."""

    code: str
    message: str
    param: str | None = None
    line: int | None = None
    """From 1, as editors count, empty lines too."""

    def told(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "param": self.param, "line": self.line}


class BadLine(Exception):
    """A line is no request of this batch."""

    def __init__(self, code: str, param: str | None, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


async def split(content: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    """Each line that is not empty, and which one of the file it is, from 1."""
    at, rest = 0, b""
    async for piece in content:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            at += 1
            if line.strip():
                yield at, line
    if rest.strip():
        yield at + 1, rest


def read(number: int, raw: bytes, endpoint: str, max_bytes: int) -> Line:
    """A line of a batch for this endpoint. Raises BadLine."""
    if len(raw) > max_bytes:
        raise BadLine("line_too_large", None, f"It has {len(raw):,} bytes; at most {max_bytes:,} are allowed.")
    given = _json_object(raw)
    custom_id, method, url, body = (given.get(name) for name in ("custom_id", "method", "url", "body"))
    if not isinstance(custom_id, str) or not custom_id or len(custom_id) > MAX_CUSTOM_ID:
        raise _wrong("custom_id", custom_id, f"a text of 1 to {MAX_CUSTOM_ID} characters")
    if method != "POST":
        raise _wrong("method", method, "POST", "invalid_method")
    if url != endpoint:
        raise _wrong("url", url, f"{endpoint}, the batch's endpoint", "mismatched_endpoint")
    if not isinstance(body, dict):
        raise _wrong("body", body, "an object")
    if body.get("stream"):
        raise _wrong("body.stream", body["stream"], "false: a batch has whole answers")
    try:
        return Line(number=number, custom_id=custom_id, body=orjson.dumps(body))
    except orjson.JSONEncodeError as problem:
        raise BadLine("invalid_json_line", "body", "body: it is nested too deep.") from problem


def _json_object(raw: bytes) -> Mapping[str, Any]:
    try:
        given = orjson.loads(raw)
    except orjson.JSONDecodeError as problem:
        raise BadLine("invalid_json_line", None, f"It is not JSON: {problem}.") from problem
    if not isinstance(given, dict):
        raise BadLine("invalid_json_line", None, "It is no JSON object.")
    return given


def _wrong(param: str, given: object, allowed: str, code: str = "invalid_value") -> BadLine:
    text = repr(given)
    told = text if len(text) <= 60 else f"{text[:50]}…"
    return BadLine(code, param, f"{param}: {told} was given; allowed is {allowed}.")
