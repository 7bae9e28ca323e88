"""Something that was said, for tests of what is kept of it."""

import uuid
from datetime import UTC, datetime
from typing import Any

from analytics.bodies.types import Said

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)


def said(**changes: Any) -> Said:
    values: dict[str, Any] = {
        "operation_id": uuid.uuid4(), "account_id": 7, "created_at": AT, "size": 100,
        "request": {"messages": [{"role": "user", "content": "I am ada@example.org"}]}, "answer": [{"text": "Hello, Ada!"}],
    }  # fmt: skip
    return Said(**{**values, **changes})
