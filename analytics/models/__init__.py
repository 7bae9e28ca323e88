"""What happened: requests, and what is made of them."""

from analytics.models.feedback import Feedback
from analytics.models.hours import HourFigures
from analytics.models.measured import MeasuredFact, MeasuredLength, Measuring
from analytics.models.records import Record
from analytics.models.selections import Selection

__all__ = ["Feedback", "HourFigures", "MeasuredFact", "MeasuredLength", "Measuring", "Record", "Selection"]
