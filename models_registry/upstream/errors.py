"""What can go wrong when a deployment is called.

UpstreamError
├── Unreachable      no connection, or it broke
├── TimedOut         no answer within the time allowed
├── Overloaded       429 or 503: try later or elsewhere
├── Failed           another 5xx, or an answer that is not what the protocol says
├── CircuitOpen      it was not asked, since it failed too often lately or has used its limit up
├── CredentialBad    401, 402 or 403: our key is not taken, the caller's request is fine
└── Rejected         another 4xx: the request itself is refused; trying elsewhere would not help
    └── PromptTooLong  it does not fit the model's window: a model with a larger one may take it
"""

import re


def writable(text: str) -> str:
    """The text as UTF-8 can write it: bytes of a header that are none are read as halves of surrogate pairs."""
    return text.encode(errors="replace").decode()


HIDDEN = "[hidden]"


class UpstreamError(Exception):
    """A call of a deployment that gave no answer. `status` is the HTTP status, where there was one.

    `code` and `param` are the upstream's own words for what is wrong and where. `was_sent` is false only where the request
    surely never went out; `was_refused` is true where the upstream said no, so that it made nothing that it could bill.
    What it said may be any bytes: the message, `code` and `param` are kept as text that can be written.
    """

    may_retry = True
    """Whether another attempt, here or elsewhere, may succeed."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        code: str | None = None,
        param: str | None = None,
        was_sent: bool = True,
        was_refused: bool | None = None,
    ) -> None:
        super().__init__(writable(message))
        self.status = status
        self.retry_after_s = retry_after_s
        self.code = None if code is None else writable(code)
        self.param = None if param is None else writable(param)
        self.was_sent = was_sent
        self.was_refused = was_refused if was_refused is not None else status is not None and status >= 300

    def hide(self, key: str) -> None:
        """Leave out the key, where the upstream's words repeat the one that it was asked with."""
        if key and key in f"{self} {self.code} {self.param}":
            self.args = (str(self).replace(key, HIDDEN),)
            self.code, self.param = (word and word.replace(key, HIDDEN) for word in (self.code, self.param))

    @property
    def kind(self) -> str:
        return type(self).__name__


class Unreachable(UpstreamError):
    """No connection, or it broke."""


class TimedOut(UpstreamError):
    """No answer within the time allowed."""


class Overloaded(UpstreamError):
    """429 or 503: try later or elsewhere."""


class Failed(UpstreamError):
    """Another 5xx, or an answer that is not what the protocol says."""


class CircuitOpen(UpstreamError):
    """It was not asked, since it failed too often lately or has used its limit up."""


class CredentialBad(UpstreamError):
    """401, 402 or 403: our key is not taken, the caller's request is fine."""


class Rejected(UpstreamError):
    """Another 4xx: the request itself is refused; trying elsewhere would not help."""

    may_retry = False


class PromptTooLong(Rejected):
    """It does not fit the model's window: a model with a larger one may take it."""


BY_STATUS: dict[int, type[UpstreamError]] = {
    401: CredentialBad,
    402: CredentialBad,
    403: CredentialBad,
    404: Failed,  # the deployment does not know the model under that name: another one may
    408: TimedOut,
    409: Overloaded,
    425: Overloaded,
    429: Overloaded,
    503: Overloaded,
    504: TimedOut,
    529: Overloaded,
}


def for_status(status: int) -> type[UpstreamError]:
    """The error that an HTTP status stands for. What is neither an answer nor a refusal is a failure of the server."""
    return BY_STATUS.get(status, Rejected if 400 <= status < 500 else Failed)


TOO_LONG_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error", "model_context_window_exceeded"})
# What a prompt that is too long is called by OpenAI, DeepSeek, vLLM, SGLang, OpenRouter and Ollama (first line), OpenAI's
# Responses, Anthropic, Google, Groq and Cerebras, Mistral, Together, xAI, llama.cpp and Bedrock.
TOO_LONG = re.compile(
    r"maximum context length|longer than the model's context length|maximum model length"
    r"|exceeds? the context window"
    r"|prompt is too long|exceed context limit"
    r"|input token count .* exceeds the maximum"
    r"|reduce the length of the messages"
    r"|too large for model with \d+ maximum"
    r"|tokens \+ .?max_new_tokens.? must be"
    r"|maximum prompt length"
    r"|exceeds the available context size"
    r"|input is too long for requested model",
    re.IGNORECASE,
)


FLAGGED = re.compile(r"\bflagged\b|moderation|content (policy|filter)|safety system", re.IGNORECASE)
"""What a 403 says that is about the prompt and not about the key: OpenRouter answers so where a moderator objects."""


def for_refusal(status: int, code: str | None, message: str) -> type[UpstreamError]:
    """The error that a status stands for with what was said beside it: who refuses a request for its length
    or its content says so in words.

    An error that came as a success has the status 200, and the code alone decides.
    """
    kind = for_status(status)
    if status == 403 and FLAGGED.search(message):
        return Rejected
    is_too_long = code in TOO_LONG_CODES or (kind is Rejected and TOO_LONG.search(message) is not None)
    return PromptTooLong if is_too_long and kind in {Rejected, Failed} else kind
