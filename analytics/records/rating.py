"""What people thought of answers: said once, and again to correct it."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from analytics.models import Feedback, Record

THUMBS = {"up": Decimal(1), "down": Decimal(0)}


def rate(operation: UUID, among: QuerySet[Record], user_id: int | None, **values: Any) -> Feedback:
    """Keep how satisfied somebody was with a request of those that they may see: `satisfaction` from 0 to 1, as what it was
    given (`given_as`), and a `comment`. Raises ValidationError."""
    record = among.filter(operation_id=operation).first()
    if record is None:
        raise ValidationError({"operation_id": f"There is no request {operation} of yours."})
    kept, _ = Feedback.objects.update_or_create(
        operation_id=operation, defaults={**values, "account_id": record.account_id, "user_id": user_id}
    )
    return kept


def thumb_of(operation: UUID) -> str:
    """Which thumb was given; empty: none, or it was said otherwise."""
    shares = Feedback.objects.filter(operation_id=operation, given_as="thumbs").values_list("satisfaction", flat=True)
    return next((word for share in shares for word, meant in THUMBS.items() if share == meant), "")
