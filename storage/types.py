"""What is kept, as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["response", "answer", "cache"]
"""A response that can be read and gone on from, the answer to an idempotency key, an answer for whoever asks the same."""


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
