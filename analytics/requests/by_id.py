"""Requests by the beginning of their ids, as people copy them."""

import re
import uuid
from collections.abc import Sequence

from analytics.models import Record

BEGINNING = re.compile(r"[0-9a-f]{8,32}")
"""Fewer digits fit too many."""


def beginning_with(text: str, limit: int) -> Sequence[Record]:
    """The requests whose id begins with these digits, with or without hyphens; none where the text is no such beginning."""
    digits = text.lower().replace("-", "")
    if not BEGINNING.fullmatch(digits):
        return []
    span = uuid.UUID(digits.ljust(32, "0")), uuid.UUID(digits.ljust(32, "f"))
    return list(Record.objects.filter(operation_id__range=span).order_by("operation_id")[:limit])
