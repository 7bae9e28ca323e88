"""The record of one request, as it crosses from the gateway to the database (JSON by `as_json`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models_registry.types import Attempt


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Everything that is kept of a request but its text. Money is nano-dollars, times are milliseconds."""

    operation_id: UUID
    created_at: datetime
    account_id: int
    key_id: int | None
    user_id: int | None
    requested_model: str
    """As the caller wrote it: "auto", "policy:NAME" or an id."""
    model: str
    provider: str
    """Who served it, e.g. "openrouter" or "sandbox"."""
    is_sandbox: bool
    policy: str
    task_type: str
    category: str
    complexity: str
    priority: str
    session: str
    tags: tuple[str, ...]
    is_stream: bool
    outcome: str
    """success, failure, abandoned (the client left) or unknown (the process died)."""
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
    cost_estimated_nano: int
    cost_nano: int
    fallback_used: bool
    catalogue_release: int
    router_release: int
    decision: Mapping[str, Any]
    """Task, wish and reach: with the releases above they give the same decision again. Also its score and terms."""
    attempts: tuple[Attempt, ...]
    ip: str | None
    user_agent: str

    def as_json(self) -> dict[str, Any]:
        """The fields for orjson, which writes dates, UUIDs and the attempts by itself."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestFacts:
    """What is known of a request when its hold is asked for. Money is nano-dollars."""

    operation_id: UUID
    created_at: datetime
    account_id: int
    key_id: int | None
    user_id: int | None
    requested_model: str
    model: str
    policy: str
    task_type: str
    category: str
    complexity: str
    priority: str
    session: str
    tags: tuple[str, ...]
    is_stream: bool
    cost_estimated_nano: int
    catalogue_release: int
    router_release: int
    decision: str
    ip: str | None
    user_agent: str

    def row(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerFacts:
    """What is known of it when it is settled. Money is nano-dollars, times are milliseconds."""

    model: str
    provider: str
    is_sandbox: bool
    outcome: str
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
    fallback_used: bool
    attempts: str

    def row(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)
