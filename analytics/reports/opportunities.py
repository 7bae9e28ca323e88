"""Where a cheaper model does as well: see docs/reports.md for the method."""

from analytics.reports.types import Opportunities
from analytics.windows.types import Question


def opportunities(question: Question) -> Opportunities:
    """Of the question's range, account and filters, whatever it is grouped by."""
    raise NotImplementedError
