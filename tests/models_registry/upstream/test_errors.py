"""Which error a refusal is: by its status, and where that says too little by its code and its words."""

import pytest

from models_registry.upstream.errors import CredentialBad, Failed, Overloaded, PromptTooLong, Rejected, for_refusal


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, "context_length_exceeded", "This model's maximum context length is 8192 tokens. However, your messages..."),
        (400, "context_length_exceeded", "Your input exceeds the context window of this model."),
        (400, "context_length_exceeded", "Please reduce the length of the messages or completion."),
        (200, "context_length_exceeded", "told within an answer"),
        (400, "400", "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens"),
        (400, None, "This endpoint's maximum context length is 131072 tokens. However, you requested about 140000 tokens"),
        (400, "invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"),
        (400, "invalid_request_error", "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"),
        (400, "INVALID_ARGUMENT", "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576)."),
        (422, None, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193"),
        (400, None, "Prompt contains 33000 tokens and 0 draft tokens, too large for model with 32768 maximum context length"),
        (400, None, "This model's maximum prompt length is 131072 but the request contains 150000 tokens."),
        (400, None, "The input (20000 tokens) is longer than the model's context length (8192 tokens)."),
        (400, "exceed_context_size_error", "the request exceeds the available context size, try increasing it"),
        (400, None, "Input is too long for requested model."),
    ],
)  # fmt: skip
def test_a_prompt_that_is_too_long_is_known_by_the_words_of_each_provider(
    status: int, code: str | None, message: str
) -> None:
    assert for_refusal(status, code, message) is PromptTooLong


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (400, "invalid_value", "max_tokens is too large: 99999.", Rejected),
        (400, None, "messages.0.content: string too long", Rejected),
        (413, "request_too_large", "Request exceeds the maximum size", Rejected),
        (500, None, "maximum context length", Failed),
        (200, None, "maximum context length", Failed),
        (403, None, "Your chosen model requires moderation and your input was flagged", Rejected),
        (403, "permission_error", "Your API key does not have permission to use this model", CredentialBad),
        (429, None, "tokens per minute: reduce the length of the messages", Overloaded),
    ],
)
def test_nothing_else_is_taken_for_one(status: int, code: str | None, message: str, kind: type[Exception]) -> None:
    assert for_refusal(status, code, message) is kind
