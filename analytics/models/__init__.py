"""What happened: requests, and what is made of them."""

from analytics.models.dashboards import Dashboard
from analytics.models.feedback import Feedback
from analytics.models.hours import HourFigures
from analytics.models.measured import MeasuredFact, MeasuredLength
from analytics.models.records import Record
from analytics.models.targets import PolicyBand
from analytics.models.windows import Baseline, Cross, Touched, Watermark, Window

__all__ = [
    "Baseline",
    "Cross",
    "Dashboard",
    "Feedback",
    "HourFigures",
    "MeasuredFact",
    "MeasuredLength",
    "PolicyBand",
    "Record",
    "Touched",
    "Watermark",
    "Window",
]
