"""Why an answer ended, in OpenAI's words, out of the words that servers compatible with OpenAI's use in their place."""

from typing import Any

from models_registry.upstream.errors import Failed

FINISHES = frozenset({None, "stop", "length", "tool_calls", "content_filter", "function_call"})
"""OpenAI's own; None while it goes on."""
OTHERS = {
    "max_tokens": "length", "max_output_tokens": "length", "model_length": "length", "tool_use": "tool_calls",
    **dict.fromkeys(
        ("safety", "recitation", "language", "blocklist", "prohibited_content", "spii", "image_safety", "model_armor", "refusal"),
        "content_filter",
    ),
}  # fmt: skip
"""Google's address for OpenAI's clients writes its own in capitals. All others are a "stop"."""
FAILURES = frozenset({"malformed_function_call", "unexpected_tool_call"})
"""The model wrote something that is no answer: another try may do better."""
ERROR = "error"
"""Of an answer beside whose choices the error stands."""


def amend_finish(choice: dict[str, Any]) -> None:
    """A choice of an answer or a chunk. Raises Failed where what it ended with is no answer."""
    reason = choice.get("finish_reason")
    if not isinstance(reason, str) or reason in FINISHES:
        return
    word = reason.lower().rpartition("finishreason.")[2]
    if word in FAILURES:
        raise Failed(f"The model did not write an answer ({reason}).", status=200, code=reason)
    if word != ERROR:
        choice["finish_reason"] = word if word in FINISHES else OTHERS.get(word, "stop")
