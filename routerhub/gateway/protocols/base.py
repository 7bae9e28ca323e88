"""What every client dialect is read into and written from, so that nothing outside this folder knows one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID, uuid4

from autorouter.types import Priority
from budgets.types import Rate, named_scopes
from models_registry.types import NO_EXTRAS, Extras, Usage
from models_registry.upstream.base import OPENAI, Chunk, Completion
from routerhub.gateway.errors import ApiError

AUTO = "auto"
COMMENT = b": ping\n\n"
"""Of server-sent events: whoever reads them passes over it."""
POLICY_PREFIX = "policy:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Controls:
    """What the caller tells RouterHub, in the `routerhub` field or in x-routerhub-* headers. Empty: nothing said."""

    task_type: str = ""
    policy: str = ""
    priority: Priority | None = None
    session: str = ""
    task_id: str = ""
    """The work that the request is a part of: all its requests together may have a limit."""
    worker: str = ""
    """Who or what does it."""
    previous_model: str = ""
    candidates: tuple[str, ...] | None = None
    max_cost_usd: Decimal | None = None
    max_latency_ms: int | None = None
    tags: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    """Where alone it may be processed."""
    dry_run: bool = False
    metadata: str = ""
    """The caller's own object, as JSON text: kept on the record, and nothing goes by it."""
    cache: str = ""
    """Whether an answer from before will do: where the temperature is 0 ("deterministic"), or "always"."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """What of it limits go by, as "kind:subject"."""
        if not (self.session or self.task_id or self.worker or self.tags):
            return ()
        return named_scopes(tags=self.tags, session=self.session, task_id=self.task_id, worker=self.worker)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatRequest:
    """What is asked for, in whichever dialect it came: a chat completion, or vectors, without messages and answers."""

    model: str
    """"auto", "policy:NAME" or a model's id."""
    messages: Sequence[Mapping[str, Any]]
    """The conversation in the neutral spelling, see `content`."""
    content: Mapping[str, Any]
    """All that goes upstream, messages included, in the neutral spelling: see UpstreamRequest.content."""
    dialect: str = OPENAI
    native: Mapping[str, Any] | None = None
    """The client's own body where its dialect is not the neutral one: an upstream that speaks it gets this."""
    native_headers: Mapping[str, str] = field(default_factory=dict)
    """What its headers say of that body: they go with it."""
    script: Any = None
    """What the sandbox is to do with it."""
    stream: bool
    include_usage: bool
    """Whether a stream is to end with what was used."""
    max_output_tokens: int | None
    choices: int
    """How many answers are wanted at once; 0 for vectors, which have no output."""
    has_tools: bool
    is_structured: bool
    max_input_tokens: int
    """An upper bound of the prompt's size: no tokenizer makes more tokens than there are bytes of text."""
    extras: Extras = NO_EXTRAS
    dropped: tuple[str, ...] = ()
    """Fields of it that the neutral spelling has none like: where another dialect answers, its headers name them."""
    left_out: tuple[str, ...] = ()
    """Fields that reach nobody, since they would change the price that is held for."""
    only_own: str = ""
    """The first thing of it that only upstreams of its own dialect know, as its client names it. Empty: nothing."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What the client calls the neutral fields whose names are others in its dialect."""
    continues: str = ""
    """The kept response whose conversation goes on here; it is read in front of the messages, see gateway.response_state."""
    previous_model: str | None = None
    """The model that gave that response."""
    is_kept: bool = False
    """Whether the answer is to be kept, so that it can be read and gone on from."""
    controls: Controls


UNREAD = ChatRequest(
    model="", messages=(), content={}, stream=False, include_usage=False, max_output_tokens=None, choices=1, has_tools=False,
    is_structured=False, max_input_tokens=0, controls=Controls(),
)  # fmt: skip
"""Stands for a request that could not be read, or was not yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """From where the request came: for the audit, and for who follows it over several systems."""

    ip: str | None
    user_agent: str
    operation_id: UUID = field(default_factory=uuid4)
    """Under which id the request is served."""
    traceparent: str = ""
    """The caller's own trace, as W3C's Trace Context writes it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """What stands around an answer, whichever upstream it came from."""

    operation_id: UUID
    created_at: datetime
    model: str
    """The catalogue's id of the model that answers."""


class StreamWriter(Protocol):
    """Writes one stream. Every method gives bytes to be sent now, perhaps none."""

    def chunk(self, chunk: Chunk) -> bytes:
        """A piece as it came. What closes the stream is kept back until `end`, since it tells what the answer cost."""
        ...

    def ping(self) -> bytes:
        """A sign of life that says nothing."""
        ...

    def end(self, usage: Usage, metadata: Mapping[str, Any]) -> bytes:
        """The close of a complete stream, with the `routerhub` object."""
        ...

    def error(self, error: ApiError, metadata: Mapping[str, Any]) -> bytes:
        """The close of one that broke: an explicit error, so that nobody takes a part for the whole."""
        ...


class ChatProtocol(Protocol):
    """One dialect of asking for a chat completion."""

    path: str
    """Where it is spoken, by POST."""

    def read(self, body: bytes, headers: Mapping[str, str]) -> ChatRequest:
        """The request in a body. Header names are in lower case. Raises BadRequest, which names the field."""
        ...

    def write(
        self,
        completion: Completion,
        request: ChatRequest,
        envelope: Envelope,
        usage: Usage,
        metadata: Mapping[str, Any],
    ) -> bytes:
        """A whole answer with the `routerhub` object. `usage` is what was charged by, reported or counted."""
        ...

    def stream_writer(self, request: ChatRequest, envelope: Envelope) -> StreamWriter: ...

    def write_error(self, error: ApiError) -> bytes: ...

    def rate_headers(self, rates: Iterable[Rate], now: datetime) -> Mapping[str, str]: ...
