"""The sandbox's answers as OpenAI's chat completions."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models_registry.sandbox.answers import Answer, usage
from models_registry.sandbox.dialect import Json, event

DONE = b"data: [DONE]\n\n"


class OpenAI:
    """See models_registry.sandbox.dialect.Vectors."""

    def asked(self, body: Mapping[str, Any], path: Mapping[str, str]) -> Json:
        return dict(body)

    def whole(self, asked: Json, made: Sequence[Answer]) -> Json:
        choices = [
            {
                "index": at,
                "message": _message(each),
                "logprobs": each.logprobs(each.tokens),
                "finish_reason": each.finish,
            }
            for at, each in enumerate(made)
        ]
        return {**_head(asked, "chat.completion"), "choices": choices, "usage": usage(asked, made)}

    def begin(self, asked: Json, made: Sequence[Answer]) -> bytes:
        return b""

    def pieces(self, asked: Json, made: Sequence[Answer]) -> Iterator[bytes]:
        head = _head(asked, "chat.completion.chunk")
        for index, each in enumerate(made):
            for at, delta in enumerate(_deltas(each)):
                role = {"role": "assistant", "refusal": None} if at == 0 else {}
                logprobs = each.logprobs([delta["content"]]) if "content" in delta else None
                yield _chunk(head, index, {**role, **delta}, logprobs)

    def end(self, asked: Json, made: Sequence[Answer]) -> bytes:
        head = _head(asked, "chat.completion.chunk")
        ends = b"".join([_chunk(head, index, {}, None, each.finish) for index, each in enumerate(made)])
        if (asked.get("stream_options") or {}).get("include_usage"):
            ends += event({**head, "choices": [], "usage": usage(asked, made)})
        return ends + DONE

    def asked_vectors(self, body: Mapping[str, Any]) -> Json:
        return dict(body)

    def vectors(self, made: Json) -> Json:
        return made

    def error(self, status: int, message: str, param: str | None) -> Json:
        kind = "invalid_request_error" if status < 500 else "server_error"
        return {"error": {"message": message, "type": kind, "param": param, "code": None}}


def _head(asked: Json, kind: str) -> Json:
    return {
        "id": f"chatcmpl-sandbox-{time.time_ns():x}",
        "object": kind,
        "created": int(time.time()),
        "model": asked.get("model", ""),
        "system_fingerprint": "sandbox",
    }


def _message(answer: Answer) -> Json:
    said: Json = {"role": "assistant", "content": None if answer.calls else "".join(answer.tokens), "refusal": None}
    if answer.reasoning:
        said["reasoning_content"] = "".join(answer.reasoning)
    return {**said, "tool_calls": answer.calls} if answer.calls else said


def _deltas(answer: Answer) -> list[Json]:
    """The same in pieces."""
    thought = [{"reasoning_content": token} for token in answer.reasoning]
    if answer.calls:
        return [*thought, {"tool_calls": [{"index": at, **call} for at, call in enumerate(answer.calls)]}]
    return [*thought, *({"content": token} for token in answer.tokens)]


def _chunk(head: Json, index: int, delta: Any, logprobs: Any, finish: str | None = None) -> bytes:
    choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
    return event({**head, "choices": [choice]})
