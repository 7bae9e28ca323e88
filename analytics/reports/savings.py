"""What routing saved: see docs/reports.md for the method."""

from analytics.reports.types import Savings
from analytics.windows.types import Question


def savings(question: Question) -> Savings:
    """Of all requests that the question is about, whatever it is grouped by."""
    raise NotImplementedError
