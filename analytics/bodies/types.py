"""What was said, on its way from the gateway to the table, as a frozen value. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A request and its answer, as they were. Nobody changes them any more."""

    operation_id: UUID
    account_id: int
    created_at: datetime
    """That of the request's record."""
    request: Mapping[str, Any]
    answer: Any
    """As JSON values; None where there is no whole answer."""
    size: int
    """Bytes of the request as it came in."""
