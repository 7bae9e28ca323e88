"""The sandbox's answers as OpenAI's responses."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models_registry.sandbox.answers import Answer, usage
from models_registry.sandbox.dialect import Json, named_event

SEAL = "sandbox"
LOGPROBS = "message.output_text.logprobs"
ECHOED = ("instructions", "metadata", "temperature", "top_p")


class OpenAIResponses:
    """See models_registry.sandbox.dialect.Dialect."""

    def asked(self, body: Mapping[str, Any], path: Mapping[str, str]) -> Json:
        choice, form = body.get("tool_choice"), (body.get("text") or {}).get("format") or {}
        return {
            **{name: body.get(name) for name in ("model", "stream", "top_logprobs", *ECHOED)},
            "messages": body["input"],
            "max_tokens": body.get("max_output_tokens"),
            "tools": [{"function": {"name": tool["name"]}} for tool in body.get("tools") or () if "name" in tool],
            "tool_choice": {"function": {"name": choice["name"]}} if isinstance(choice, dict) else choice,
            "response_format": {"type": form["type"], "json_schema": form} if form else None,
            "logprobs": LOGPROBS in (body.get("include") or ()),
        }

    def whole(self, asked: Json, made: Sequence[Answer]) -> Json:
        return _response(asked, made, [whole for whole, _, _ in _items(made[0])])

    def begin(self, asked: Json, made: Sequence[Answer]) -> bytes:
        begun = _response(asked, (), [])
        return _event("created", response=begun) + _event("in_progress", response=begun)

    def pieces(self, asked: Json, made: Sequence[Answer]) -> Iterator[bytes]:
        for at, (whole, empty, grown) in enumerate(_items(made[0])):
            place = {"output_index": at, "item_id": whole["id"]}
            for number, (kind, values) in enumerate(grown):
                started = _event("output_item.added", output_index=at, item=empty) if number == 0 else b""
                is_last = number == len(grown) - 1
                ended = _event("output_item.done", output_index=at, item=whole) if is_last else b""
                yield started + _event(kind, **place, **values) + ended

    def end(self, asked: Json, made: Sequence[Answer]) -> bytes:
        whole = self.whole(asked, made)
        return _event(whole["status"], response=whole)

    def error(self, status: int, message: str, param: str | None) -> Json:
        kind = "invalid_request_error" if status < 500 else "server_error"
        return {"error": {"message": message, "type": kind, "param": param, "code": None}}


def _event(kind: str, **values: Any) -> bytes:
    return named_event(f"response.{kind}", values)


def _response(asked: Json, made: Sequence[Answer], items: list[Json]) -> Json:
    """With an answer it has ended."""
    cut = bool(made) and made[0].finish == "length"
    return {
        "id": f"resp_sandbox_{time.time_ns():x}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress" if not made else "incomplete" if cut else "completed",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "model": asked.get("model") or "",
        "output": items,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        **{name: asked.get(name) for name in ECHOED},
        "usage": _usage(asked, made) if made else None,
    }


def _usage(asked: Json, made: Sequence[Answer]) -> Json:
    used = usage(asked, made)
    return {
        "input_tokens": used["prompt_tokens"],
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": used["completion_tokens"],
        "output_tokens_details": used["completion_tokens_details"],
        "total_tokens": used["total_tokens"],
    }


def _items(answer: Answer) -> Iterator[tuple[Json, Json, list[tuple[str, Json]]]]:
    """Each item whole and as it begins, and the events by which it grows."""
    if answer.reasoning:
        item: Json = {"type": "reasoning", "id": "rs_sandbox", "encrypted_content": SEAL}
        yield (
            {**item, "summary": [{"type": "summary_text", "text": "".join(answer.reasoning)}]},
            {**item, "summary": []},
            [("reasoning_summary_text.delta", {"summary_index": 0, "delta": word}) for word in answer.reasoning],
        )
    for call in answer.calls:
        function = call["function"]
        item = {"type": "function_call", "id": f"fc_{call['id']}", "call_id": call["id"], "name": function["name"]}
        given = function["arguments"]
        yield (
            {**item, "arguments": given, "status": "completed"},
            {**item, "arguments": "", "status": "in_progress"},
            [("function_call_arguments.delta", {"delta": given})],
        )
    if not answer.calls:
        yield _message(answer)


def _message(answer: Answer) -> tuple[Json, Json, list[tuple[str, Json]]]:
    item: Json = {"type": "message", "id": "msg_sandbox", "role": "assistant"}
    told = _logprobs(answer, answer.tokens)
    part = {"type": "output_text", "text": "".join(answer.tokens), "annotations": [], "logprobs": told}
    status = "incomplete" if answer.finish == "length" else "completed"
    grown = [
        ("output_text.delta", {"content_index": 0, "delta": word, "logprobs": _logprobs(answer, [word])})
        for word in answer.tokens
    ]
    return {**item, "status": status, "content": [part]}, {**item, "status": "in_progress", "content": []}, grown


def _logprobs(answer: Answer, tokens: Sequence[str]) -> list[Json]:
    told = answer.logprobs(tokens)
    return [] if told is None else list(told["content"])
