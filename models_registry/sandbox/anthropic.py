"""The sandbox's answers as Anthropic's messages."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models_registry.sandbox.answers import Answer, usage
from models_registry.sandbox.dialect import Json, called, named_event

SIGNATURE = "sandbox"
STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
ERRORS = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
          413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}  # fmt: skip


class Anthropic:
    """See models_registry.sandbox.dialect.Dialect."""

    def asked(self, body: Mapping[str, Any], path: Mapping[str, str]) -> Json:
        choice: Json = body.get("tool_choice") or {}
        named = {"function": {"name": choice.get("name")}}
        form = (body.get("output_config") or {}).get("format") or {}
        return {
            **{name: body[name] for name in ("model", "messages", "stream", "max_tokens") if name in body},
            "stop": body.get("stop_sequences"),
            "tools": [
                {"function": {"name": tool["name"], "parameters": tool.get("input_schema")}}
                for tool in body.get("tools") or ()
            ],
            "tool_choice": {"any": "required", "tool": named}.get(str(choice.get("type"))),
            "response_format": {"type": "json_schema", "json_schema": {"schema": form["schema"]}} if form else None,
        }

    def whole(self, asked: Json, made: Sequence[Answer]) -> Json:
        answer = made[0]
        blocks = [{**empty, **{name: value}} for empty, name, value, _ in _blocks(answer)]
        return _message(asked, made, blocks, STOP_REASONS[answer.finish], usage(asked, made)["completion_tokens"])

    def begin(self, asked: Json, made: Sequence[Answer]) -> bytes:
        return named_event("message_start", {"message": _message(asked, made, [], None, 1)}) + named_event("ping", {})

    def pieces(self, asked: Json, made: Sequence[Answer]) -> Iterator[bytes]:
        for index, (empty, _, _, deltas) in enumerate(_blocks(made[0])):
            for at, delta in enumerate(deltas):
                started = (
                    named_event("content_block_start", {"index": index, "content_block": empty}) if at == 0 else b""
                )
                ended = named_event("content_block_stop", {"index": index}) if at == len(deltas) - 1 else b""
                yield started + named_event("content_block_delta", {"index": index, "delta": delta}) + ended

    def end(self, asked: Json, made: Sequence[Answer]) -> bytes:
        delta = {"stop_reason": STOP_REASONS[made[0].finish], "stop_sequence": None}
        used = {"output_tokens": usage(asked, made)["completion_tokens"]}
        return named_event("message_delta", {"delta": delta, "usage": used}) + named_event("message_stop", {})

    def error(self, status: int, message: str, param: str | None) -> Json:
        return {"type": "error", "error": {"type": ERRORS.get(status, "api_error"), "message": message}}


def _message(asked: Json, made: Sequence[Answer], blocks: list[Json], stop: str | None, output: int) -> Json:
    return {
        "id": f"msg_sandbox_{time.time_ns():x}",
        "type": "message",
        "role": "assistant",
        "model": asked.get("model", ""),
        "content": blocks,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {
            "input_tokens": usage(asked, made)["prompt_tokens"],
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": output,
        },
    }


def _blocks(answer: Answer) -> Iterator[tuple[Json, str, Any, list[Json]]]:
    """Each block as it begins, the field that it fills and with what, and the pieces by which it grows."""
    if answer.reasoning:
        thought = [{"type": "thinking_delta", "thinking": token} for token in answer.reasoning]
        empty = {"type": "thinking", "thinking": "", "signature": SIGNATURE}
        yield (
            empty,
            "thinking",
            "".join(answer.reasoning),
            [*thought, {"type": "signature_delta", "signature": SIGNATURE}],
        )
    for call in answer.calls:
        function = call["function"]
        grown = [{"type": "input_json_delta", "partial_json": function["arguments"]}]
        yield (
            {"type": "tool_use", "id": call["id"], "name": function["name"], "input": {}},
            "input",
            called(call),
            grown,
        )
    if answer.tokens and not answer.calls:
        words = [{"type": "text_delta", "text": token} for token in answer.tokens]
        yield {"type": "text", "text": ""}, "text", "".join(answer.tokens), words
