"""What happened: requests, and what is made of them."""

from analytics.models.feedback import Feedback
from analytics.models.hours import HourFigures
from analytics.models.measured import MeasuredFact, MeasuredLength
from analytics.models.prunings import Pruning
from analytics.models.records import Record
from analytics.models.windows import Baseline, Cross, Touched, Watermark, Window

__all__ = [
    "Baseline",
    "Cross",
    "Feedback",
    "HourFigures",
    "MeasuredFact",
    "MeasuredLength",
    "Pruning",
    "Record",
    "Touched",
    "Watermark",
    "Window",
]
