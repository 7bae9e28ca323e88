"""How groups of requests did, and what they cost: out of the roll-ups, a page of groups at a time."""

from analytics.reports.types import Page, Report
from analytics.windows.types import Question

FIRST = Page()


def performance(question: Question, page: Page = FIRST) -> Report:
    """Raises ValueError, which names the field, where something is asked for that there is not, or too much of it."""
    raise NotImplementedError
