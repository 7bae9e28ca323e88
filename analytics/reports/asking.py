"""Questions to the roll-ups, refused as every other input is."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError

from analytics.reports.types import Page
from analytics.windows import reading
from analytics.windows.reading import Ranked
from analytics.windows.types import Answer, Question

FIELDS = {"by": "group_by", "zone": "timezone", "where": "tag"}
"""What fields of a question are called where people ask."""


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except ValueError as refused:
        field, _, text = str(refused).partition(": ")
        raise ValidationError({FIELDS.get(field, field): text}) from refused


def ask(question: Question) -> Answer:
    """Raises ValidationError, which names the field."""
    with _refusals():
        return reading.ask(question)


def rank(question: Question, page: Page) -> Ranked:
    """The groups of a page, and how many there are. Raises ValidationError, which names the field."""
    with _refusals():
        return reading.rank(question, page.order, page.limit, page.offset)
