"""How each upstream protocol spells one and the same conversation. An adapter without a spelling here is not tested."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models_registry.types import Usage

TEXT = "a\u2028b\x85c \U0001f600"
"""Separators that are no ends of lines, and a character of four bytes."""


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """The answer TEXT with 10 and 20 tokens used, whole and as the data of events, and a refusal that says "no"."""

    answer: bytes
    refusal: bytes
    error_in_place_of_an_answer: bytes
    pieces: Sequence[bytes]
    """Events that bring TEXT."""
    finish: bytes
    """The event by which the answer says that it ended."""
    mark: bytes
    """The event that closes the stream."""
    usage: bytes
    error: bytes
    """An event that reports an error, "no"."""
    used: Usage
    model: bytes = b'"m"'
    """How a request names the model m."""


def _dumps(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _openai() -> Spelling:
    usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    message = {"role": "assistant", "content": TEXT}

    def chunk(text: str | None, finish: str | None = None) -> bytes:
        delta = {} if text is None else {"content": text}
        return _dumps({"id": "1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    return Spelling(
        answer=_dumps({
            "id": "1", "object": "chat.completion", "created": 1, "model": "m", "usage": usage,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        }),
        refusal=_dumps({"error": {"message": "no", "code": "c", "param": "p"}}),
        error_in_place_of_an_answer=_dumps({"error": {"message": "no", "code": 429}}),
        pieces=[chunk(TEXT[:3]), chunk(TEXT[3:])],
        finish=chunk(None, "stop"),
        mark=b"[DONE]",
        usage=_dumps({"id": "1", "choices": [], "usage": usage}),
        error=_dumps({"error": {"message": "no"}}),
        used=Usage(input_tokens=10, output_tokens=20),
    )  # fmt: skip


def _openai_responses() -> Spelling:
    usage = {
        "input_tokens": 10,
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 5},
        "total_tokens": 30,
    }
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": TEXT}]}
    refused = {"message": "no", "param": "p"}

    def delta(text: str) -> bytes:
        return _dumps({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": text})

    def end(**more: object) -> bytes:
        return _dumps({"type": "response.completed", "response": {"status": "completed", **more}})

    return Spelling(
        answer=_dumps({"id": "1", "status": "completed", "output": [message], "usage": usage}),
        refusal=_dumps({"error": {**refused, "code": "c"}}),
        error_in_place_of_an_answer=_dumps({"status": "failed", "error": {**refused, "code": "rate_limit_exceeded"}}),
        pieces=[delta(TEXT[:3]), delta(TEXT[3:])],
        finish=end(),
        mark=end(),
        usage=end(usage=usage),
        error=_dumps({"type": "response.failed", "response": {"error": {**refused, "code": "server_error"}}}),
        used=Usage(input_tokens=10, output_tokens=20, reasoning_tokens=5),
    )


def _anthropic() -> Spelling:
    usage = {"input_tokens": 7, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 1, "output_tokens": 20}
    content = [{"type": "text", "text": TEXT}]

    def error(kind: str) -> bytes:
        return _dumps({"type": "error", "error": {"type": kind, "message": "no", "param": "p"}})

    def delta(text: str) -> bytes:
        return _dumps({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})

    return Spelling(
        answer=_dumps({
            "id": "1", "type": "message", "role": "assistant", "model": "m", "content": content, "stop_reason": "end_turn",
            "usage": usage,
        }),
        refusal=error("c"),
        error_in_place_of_an_answer=error("rate_limit_error"),
        pieces=[delta(TEXT[:3]), delta(TEXT[3:])],
        finish=_dumps({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}),
        mark=_dumps({"type": "message_stop"}),
        usage=_dumps({"type": "message_delta", "delta": {}, "usage": usage}),
        error=error("overloaded_error"),
        used=Usage(input_tokens=10, output_tokens=20, cache_read_tokens=2, cache_write_tokens=1),
    )  # fmt: skip


def _google() -> Spelling:
    usage = {
        "promptTokenCount": 10, "cachedContentTokenCount": 4, "candidatesTokenCount": 15, "thoughtsTokenCount": 5,
        "totalTokenCount": 30,
    }  # fmt: skip

    def answer(text: str | None, finish: str | None = None) -> dict[str, object]:
        content = {"role": "model", "parts": [] if text is None else [{"text": text}]}
        return {"responseId": "1", "candidates": [{"content": content, **({"finishReason": finish} if finish else {})}]}

    def error(code: int, status: str) -> bytes:
        return _dumps({"error": {"code": code, "message": "no", "status": status, "param": "p"}})

    return Spelling(
        answer=_dumps({**answer(TEXT, "STOP"), "usageMetadata": usage}),
        refusal=error(400, "c"),
        error_in_place_of_an_answer=error(429, "RESOURCE_EXHAUSTED"),
        pieces=[_dumps(answer(TEXT[:3])), _dumps(answer(TEXT[3:]))],
        finish=_dumps(answer(None, "STOP")),
        mark=_dumps(answer(None, "STOP")),
        usage=_dumps({"responseId": "1", "usageMetadata": usage}),
        error=error(503, "UNAVAILABLE"),
        used=Usage(input_tokens=10, output_tokens=20, cache_read_tokens=4, reasoning_tokens=5),
        model=b"/models/m:",
    )


SPELLINGS: Mapping[str, Spelling] = {
    "openai": _openai(), "openai-responses": _openai_responses(), "anthropic": _anthropic(), "google": _google(),
}  # fmt: skip
