"""What every upstream dialect is translated into and from, so that nothing outside this folder knows one.

An adapter takes an `UpstreamRequest` and gives a `Completion`, or `Chunk`s as they come. Both are told twice: as neutral
values, which the gateway counts by and other dialects are written from, and as the upstream spelled them (`native`), so
that a client of the same dialect gets every field, also those that nobody here knows.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from models_registry.types import OutputLimitField, Usage

OPENAI: Final = "openai"
"""The dialect of OpenAI's chat completions."""
OPENAI_RESPONSES: Final = "openai-responses"
"""The dialect of OpenAI's responses."""
ANTHROPIC: Final = "anthropic"
"""The dialect of Anthropic's messages."""
GOOGLE: Final = "google"
"""The dialect of Google's generateContent."""


EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""What `reasoning_effort` may say in the neutral spelling, least first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UpstreamRequest:
    """One request to one deployment. Times are seconds."""

    provider: str
    address: str
    """The provider's base URL, without a slash at its end."""
    api_key: str
    """Empty where none is needed."""
    model: str
    """The model's name there."""
    content: Mapping[str, Any]
    """What is asked: messages, tools, response_format, temperature and so on, in the neutral spelling, which is that of
    OpenAI's chat completions. Model, output limit and streaming are not in it. Fields that nobody here knows are: an adapter
    of that dialect sends them along, others leave them out."""
    dialect: str = OPENAI
    """Which dialect the client spoke."""
    native: Mapping[str, Any] | None = None
    """The client's own body where it is not `content` itself; for an adapter of the same dialect."""
    native_headers: Mapping[str, str] = field(default_factory=dict)
    """What the client's own headers say of that body, by their names in lower case; for the same."""
    max_output_tokens: int
    """Of each answer; it is what the hold was made for, so it must be sent."""
    output_limit_field: OutputLimitField = "max_tokens"
    """The name that it goes by there."""
    default_temperature: float | None = None
    """Where the content names none."""
    script: Any = None
    """What the sandbox provider is told to do; None for every other one."""
    connect_s: float
    idle_s: float
    """The longest silence between two reads, the one before the first byte included."""
    total_s: float
    on_limit: Callable[[float], None] | None = None
    """Told when an answer says that a limit is used up now, and in how many seconds it is free again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCall:
    """A call of a tool or, in a chunk, a piece of one: `id` and `name` come with the first piece, empty after it."""

    index: int
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One of the answers, or what a chunk adds to it. Empty: nothing."""

    index: int
    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish: str | None = None
    """Why it ended: stop, length, tool_calls, content_filter, or the upstream's own word. None: it has not."""
    logprobs: Any = None
    sealed: str = ""
    """What the upstream sealed of its reasoning, which comes with the reasoning's end: see models_registry.upstream.thoughts."""

    @property
    def size(self) -> int:
        """Characters of it."""
        calls = sum(len(call.name) + len(call.arguments) for call in self.tool_calls) if self.tool_calls else 0
        return len(self.text) + len(self.reasoning) + len(self.refusal) + calls


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """A whole answer."""

    choices: tuple[Choice, ...]
    usage: Usage | None
    """None where the upstream did not say, or said what makes no sense."""
    dialect: str
    native: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A piece of a stream."""

    choices: tuple[Choice, ...]
    usage: Usage | None
    """Of all that came so far, where the upstream said it here."""
    has_content: bool
    """Whether it brings something of the answer. Until one does, the answer can still come from elsewhere."""
    dialect: str
    native: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lacking:
    """What of a request an upstream's dialect has no word for, by the neutral names."""

    refused: str = ""
    """Without this the answer would be another one: somebody else is asked. Empty: there is nothing like that."""
    dropped: tuple[str, ...] = ()
    """The answer is given without these, and says so."""


NOTHING_LACKS = Lacking()


class Adapter(Protocol):
    """Speaks one upstream protocol. Made once for the process, with its HTTP session."""

    protocol: str
    """The name that a provider's `protocol` has in the catalogue."""

    @staticmethod
    def credentials(api_key: str) -> dict[str, str]:
        """The headers by which its servers know who asks, whatever is asked. The key is empty where none is needed."""
        ...

    def lacking(self, content: Mapping[str, Any], dialect: str, model: str) -> Lacking:
        """What this dialect has no word for, or the model of that name there does not take, of a request whose client spoke
        `dialect`. See UpstreamRequest.content."""
        ...

    async def complete(self, request: UpstreamRequest) -> Completion:
        """The whole answer. Raises UpstreamError."""
        ...

    def stream(self, request: UpstreamRequest) -> AsyncGenerator[Chunk, None]:
        """The pieces as they come. Raises UpstreamError, also when the stream ends without saying that it is complete.

        Whoever stops before the end closes the generator (`contextlib.aclosing`), which closes the connection.
        """
        ...
