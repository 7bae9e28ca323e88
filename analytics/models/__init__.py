"""What happened: requests, and what is made of them."""

from analytics.models.bodies import Body, BodyAccess
from analytics.models.feedback import Feedback
from analytics.models.hours import HourFigures
from analytics.models.measured import MeasuredFact, MeasuredLength
from analytics.models.records import Record

__all__ = ["Body", "BodyAccess", "Feedback", "HourFigures", "MeasuredFact", "MeasuredLength", "Record"]
