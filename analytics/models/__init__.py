"""What happened: requests, and what is made of them."""

from analytics.models.bodies import Body
from analytics.models.dashboards import Dashboard
from analytics.models.exports import Export, ExportPiece, ExportState
from analytics.models.feedback import Feedback
from analytics.models.hours import HourFigures
from analytics.models.measured import MeasuredFact, MeasuredLength, Measuring
from analytics.models.prunings import Pruning
from analytics.models.records import Record
from analytics.models.selections import Selection
from analytics.models.targets import PolicyBand
from analytics.models.views import SavedView
from analytics.models.windows import Baseline, Cross, Touched, Watermark, Window

__all__ = [
    "Baseline", "Body", "Cross", "Dashboard", "Export", "ExportPiece", "ExportState", "Feedback", "HourFigures",
    "MeasuredFact", "MeasuredLength", "Measuring", "PolicyBand", "Pruning", "Record", "SavedView", "Selection",
    "Touched", "Watermark", "Window",
]  # fmt: skip
