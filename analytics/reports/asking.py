"""Questions to the roll-ups, refused as every other input is."""

from django.core.exceptions import ValidationError

from analytics.windows import reading
from analytics.windows.types import Answer, Question

FIELDS = {"by": "group_by", "zone": "timezone", "where": "tag"}
"""What fields of a question are called where people ask."""


def ask(question: Question) -> Answer:
    """Raises ValidationError, which names the field."""
    try:
        return reading.ask(question)
    except ValueError as refused:
        field, _, text = str(refused).partition(": ")
        raise ValidationError({FIELDS.get(field, field): text}) from refused
