"""The targets of the mission, and how they stand."""

from analytics.reports.types import Targets
from analytics.windows.types import Question


def targets(question: Question) -> Targets:
    """Of all requests that the question is about, whatever it is grouped by."""
    raise NotImplementedError
