"""A batch as frozen values. Money is nano-dollars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Status = Literal["validating", "in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled"]


@dataclass(frozen=True, kw_only=True, slots=True)
class NewBatch:
    """What somebody asks for."""

    id: str
    account_id: int
    key_id: int
    endpoint: str
    """Where each of its requests would have gone, e.g. "/v1/embeddings"."""
    input_file_id: str
    completion_window: str
    window_s: int
    metadata: Mapping[str, str] | None
    result_retention_s: int
    """How long what it writes is kept."""
    ip: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """A batch as it stands."""

    id: str
    account_id: int
    key_id: int
    endpoint: str
    status: Status
    input_file_id: str
    completion_window: str
    metadata: Mapping[str, str] | None
    result_retention_s: int
    ip: str | None
    total: int
    """Requests, known when they were validated."""
    completed: int
    failed: int
    cost_nano: int
    """Of all that is done so far."""
    is_sandbox: bool
    """Whether the sandbox answers, and with it makes up the cost."""
    groups: Mapping[str, str]
    """The model that was decided for once, by what its requests have in common: see routerhub.gateway.batches.grouping."""
    errors: Sequence[Mapping[str, str | int | None]]
    """Why it failed: {"code", "message", "param", "line"}."""
    output_bytes: int
    error_bytes: int
    created_at: datetime
    expires_at: datetime
    in_progress_at: datetime | None
    finalizing_at: datetime | None
    completed_at: datetime | None
    failed_at: datetime | None
    expired_at: datetime | None
    cancelling_at: datetime | None
    cancelled_at: datetime | None

    @property
    def output_file_id(self) -> str:
        """The file of the answers, which is there when the batch has ended with some."""
        return f"file-{self.id.removeprefix('batch_')}-output"

    @property
    def error_file_id(self) -> str:
        """The file of what was not answered."""
        return f"file-{self.id.removeprefix('batch_')}-errors"


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The right of one worker to work on a batch. It lapses when the worker died."""

    batch: Batch
    worker: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """Lines of an output or error file as one piece, and what they add to the batch."""

    number: int
    content: bytes
    is_error: bool
    requests: int = 1
    cost_nano: int = 0
    is_sandbox: bool = False
