"""The record of one request, as it crosses from the gateway to the database: in two halves, each once.

What is known when the request is let in travels with its hold, what is known when it is answered with its settlement.
Each half is a tuple in the order of a PostgreSQL type (analytics/sql/types.sql).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID


def storable(text: str) -> str:
    """What an upstream wrote, plain or as JSON, as PostgreSQL takes it: without NUL and halves of surrogate pairs."""
    return text.encode(errors="replace").decode().replace("\0", "\ufffd").replace("\\u0000", "\\ufffd")


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestFacts:
    """A request when it is let in. Money is nano-dollars."""

    operation_id: UUID
    created_at: datetime
    """The same for every hop of an operation: the record is found by it."""
    account_id: int
    key_id: int | None
    user_id: int | None
    requested_model: str
    """As the caller wrote it: "auto", "policy:NAME" or an id."""
    model: str
    """The one that is about to be called: what the record says when nobody lives to tell which one answered."""
    policy: str
    task_type: str
    category: str
    complexity: str
    priority: str
    session: str
    tags: tuple[str, ...]
    is_sandbox: bool
    """Whether the sandbox made up the answer, and with it what it cost."""
    is_stream: bool
    cost_estimated_nano: int
    catalogue_release: int
    router_release: int
    decision: str
    """A JSON text. With the releases above it gives the same decision again."""
    ip: str | None
    user_agent: str
    scopes: tuple[str, ...] = ()
    """Whose limits count it, as "kind:subject": what the ledger keeps of it. Empty where nothing is held."""
    task_id: str = ""
    """The work that it is a part of, as the caller names it."""
    worker: str = ""
    """Who or what does it."""
    metadata: str | None = None
    """The caller's own object, a JSON text; None where there is none."""
    experiment: int | None = None
    """The test in which it takes part, and which `variant` ("a" or "b") its unit has there, by which chance, in which phase:
    whatever answers in the end."""
    phase: int | None = None
    variant: str = ""
    unit: str = ""
    propensity: float | None = None
    confidence: float | None = None
    """How likely the category is, and the next likely one; None and empty where nobody says."""
    second: str = ""
    read_by: str = ""
    """Who found the category: "table", "encoder" or "model"; empty where it was given."""

    def row(self) -> tuple[Any, ...]:
        """The columns of analytics_request."""
        return _request_row(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerFacts:
    """What came of it. Money is nano-dollars, times are milliseconds."""

    model: str
    """The one that answered; after a fallback it is not the request's."""
    provider: str
    """Who served it, e.g. "openrouter" or "sandbox"."""
    outcome: str
    """success, failure, abandoned (the client left) or refused (nothing was called). A sweep writes unknown (the process
    died)."""
    error: str
    http_status: int | None
    latency_ms: int
    ttft_ms: int | None
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    is_usage_estimated: bool
    cost_nano: int
    """Of all hops together."""
    saved_nano: int | None = None
    """What the same answer cost before, where it comes from the cache; None where a model was called."""
    reported_cost_nano: int | None = None
    """What the provider itself says that the answer costs; None where it does not say."""
    is_cost_disputed: bool = False
    """That is another figure than ours."""
    fallback_used: bool
    attempts: str
    """A JSON text: a list of models_registry.types.Attempt."""
    cost_basis: str = ""
    """By what the answer's cost was reckoned, see budgets.types.Basis; empty where nothing was called."""
    deployment: str = ""
    """Which deployment of the model answered or, where none did, was asked; empty where nothing was called."""
    error_kind: str = ""
    """What sort of error it ended with: the code that the client was told, e.g. "insufficient_quota", the last upstream's kind
    of error, e.g. "TimedOut", or "client_left"; empty where it did not."""

    def row(self) -> tuple[Any, ...]:
        """The columns of analytics_answer."""
        if self.error or "\\u0000" in self.attempts:
            return _answer_row(replace(self, error=storable(self.error), attempts=storable(self.attempts)))
        return _answer_row(self)


_request_row: Callable[[RequestFacts], tuple[Any, ...]] = attrgetter(*(field.name for field in fields(RequestFacts)))
_answer_row: Callable[[AnswerFacts], tuple[Any, ...]] = attrgetter(*(field.name for field in fields(AnswerFacts)))
