"""An answer of each upstream protocol in which all stands that is read of one: thought, text, calls, usage in all its parts."""

from collections.abc import Mapping, Sequence
from typing import Any

CALL = {"name": "f", "arguments": '{"a": 1}'}
OPENAI_USAGE = {
    "prompt_tokens": 30, "completion_tokens": 40, "total_tokens": 70,
    "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 4, "audio_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 6, "audio_tokens": 2},
}  # fmt: skip
RESPONSES_USAGE = {
    "input_tokens": 30, "output_tokens": 40, "total_tokens": 70,
    "input_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 4}, "output_tokens_details": {"reasoning_tokens": 6},
}  # fmt: skip
ANTHROPIC_USAGE = {
    "input_tokens": 21, "output_tokens": 40, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 4,
    "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 1},
    "server_tool_use": {"web_search_requests": 2}, "service_tier": "standard",
}  # fmt: skip
GOOGLE_USAGE = {
    "promptTokenCount": 30, "candidatesTokenCount": 34, "thoughtsTokenCount": 6, "cachedContentTokenCount": 5,
    "toolUsePromptTokenCount": 1, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 3}],
    "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 2}],
}  # fmt: skip
LOGPROBS = {"content": [{"token": "a", "logprob": -1.5, "bytes": [97], "top_logprobs": []}], "refusal": None}
SAID = {"role": "assistant", "content": "Hello", "reasoning_content": "Hm", "refusal": "No"}
ITEMS: list[dict[str, Any]] = [
    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}], "content": [], "encrypted_content": "x"},
    {"type": "web_search_call", "id": "ws", "status": "completed", "action": {"type": "search", "query": "q"}},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello", "logprobs": [{"token": "a"}]}]},
    {"type": "function_call", "call_id": "c", **CALL},
]  # fmt: skip
BLOCKS: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "Hm", "signature": "s"}, {"type": "text", "text": "Hello"},
    {"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}},
]  # fmt: skip
PARTS = [
    {"text": "Hm", "thought": True}, {"text": "Hello"},
    {"functionCall": {"id": "c", "name": "f", "args": {"a": 1}}, "thoughtSignature": "s"},
]  # fmt: skip

ANSWERS: Mapping[str, Any] = {
    "openai": {
        "id": "1", "object": "chat.completion", "created": 1, "model": "m", "service_tier": "default",
        "choices": [{
            "index": 0, "finish_reason": "tool_calls", "logprobs": LOGPROBS,
            "message": {**SAID, "tool_calls": [{"id": "c", "type": "function", "function": CALL}]},
        }],
        "usage": OPENAI_USAGE,
    },
    "openai-responses": {
        "id": "1", "status": "completed", "service_tier": "default", "incomplete_details": None, "error": None,
        "output": ITEMS, "usage": RESPONSES_USAGE,
    },
    "anthropic": {
        "id": "1", "type": "message", "role": "assistant", "model": "m", "content": BLOCKS, "stop_reason": "tool_use",
        "usage": ANTHROPIC_USAGE,
    },
    "google": {
        "responseId": "1", "usageMetadata": GOOGLE_USAGE,
        "candidates": [{"index": 0, "content": {"role": "model", "parts": PARTS}, "finishReason": "STOP"}],
    },
}  # fmt: skip


def _chunk(delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"id": "1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]}


def _block(at: int, block: Mapping[str, Any], *deltas: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": at, "content_block": block},
        *({"type": "content_block_delta", "index": at, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": at},
    ]


STREAMS: Mapping[str, Sequence[Any]] = {
    "openai": [
        _chunk(SAID),
        _chunk({"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {**CALL, "arguments": ""}}]}),
        _chunk({"tool_calls": [{"index": 0, "function": {"arguments": CALL["arguments"]}}]}),
        _chunk({}, "tool_calls"),
        {"id": "1", "choices": [], "usage": OPENAI_USAGE, "service_tier": "default"},
    ],
    "openai-responses": [
        {"type": "response.created", "response": {"id": "1", "status": "in_progress"}},
        {"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": 0, "delta": "Hm"},
        {"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "Hello", "logprobs": []},
        {"type": "response.output_item.added", "output_index": 2, "item": {**ITEMS[3], "arguments": ""}},
        {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": CALL["arguments"]},
        {"type": "response.output_item.done", "output_index": 2, "item": ITEMS[3]},
        {"type": "response.completed", "response": ANSWERS["openai-responses"]},
    ],
    "anthropic": [
        {"type": "message_start", "message": {**ANSWERS["anthropic"], "content": [], "stop_reason": None}},
        *_block(0, {"type": "thinking", "thinking": ""}, {"type": "thinking_delta", "thinking": "Hm"}),
        *_block(1, {"type": "text", "text": ""}, {"type": "text_delta", "text": "Hello"}),
        *_block(2, BLOCKS[2], {"type": "input_json_delta", "partial_json": CALL["arguments"]}),
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": ANTHROPIC_USAGE},
        {"type": "message_stop"},
    ],
    "google": [
        {"responseId": "1", "candidates": [{"index": 0, "content": {"role": "model", "parts": PARTS[:2]}}]},
        {**ANSWERS["google"], "candidates": [{"index": 0, "content": {"parts": PARTS[2:]}, "finishReason": "STOP"}]},
    ],
}  # fmt: skip
