"""What is kept, as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["response", "answer", "cache", "file"]
"""A response that can be read and gone on from, the answer to an idempotency key, an answer for whoever asks the same, a
piece of a file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Name:
    """Where something is kept. Nobody reads under another account's name."""

    account_id: int
    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.account_id}/{self.kind}/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """What is kept under a name."""

    content: bytes
    created_at: datetime
    is_claim: bool
    """Whether whoever claimed the name is still making what will be kept; the content is what was claimed with."""


REQUESTS, RESULTS = "batch", "batch_output"
"""What a file is for: the requests of a batch, or what came of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewFile:
    """A file whose pieces are kept: see storage.files."""

    id: str
    account_id: int
    filename: str
    purpose: str
    size: int
    """Bytes of the content."""
    pieces: int
    """They are numbered from 0; some may be missing."""
    seconds: float
    """How long it is there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file of an account, without its content."""

    id: str
    account_id: int
    filename: str
    purpose: str
    size: int
    pieces: int
    created_at: datetime
    expires_at: datetime
