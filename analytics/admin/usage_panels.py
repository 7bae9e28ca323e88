"""How a model, a provider or a key did in the last four weeks, for its own page and for lists of them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from analytics.models import Record
from analytics.reports import measures
from analytics.reports.asking import ask
from analytics.windows import sketches
from analytics.windows.types import Dimension, Figures, Question, Row
from budgets import formats, money
from routerhub.audit.permissions import may
from routerhub.audit.viewing import RECENTLY, USAGE_PANELS, Recent

SHOWN = timedelta(days=28)


def usage_panel(user: Any, dimension: str, value: str) -> SafeString:
    """What one of them was asked, by the day; nothing for who may not view requests."""
    if not may(user, "view", Record):
        return SafeString("")
    by = cast("Dimension", dimension)
    rows, is_sandbox = _asked({"where": {by: (value,)}})
    days, _ = _asked({"where": {by: (value,)}, "step": "day"})
    most = max((row.figures.requests for row in days), default=0)
    bars = [(row.start, row.figures.requests, 100 * row.figures.requests / most) for row in days if row.start and most]
    context = {
        "found": told(rows[0].figures) if rows and rows[0].figures.requests else None, "bars": bars,
        "is_sandbox": is_sandbox, "dimension": dimension, "value": value,
    }  # fmt: skip
    return render_to_string("analytics/usage_panel.html", context)


def recently(user: Any, dimension: str) -> Mapping[str, Recent]:
    """How all of a dimension did, by value; nothing for who may not view requests."""
    if not may(user, "view", Record):
        return {}
    rows, _ = _asked({"by": (dimension,)})
    return {row.group[0]: told(row.figures) for row in rows}


def told(figures: Figures) -> Recent:
    p95 = sketches.quantile(figures.latencies, 0.95)
    return Recent(
        requests=formats.count(figures.requests),
        success=formats.percent(figures.successes, measures.finished(figures), 1),
        p95=formats.NOTHING if p95 is None else formats.duration(p95),
        cost=money.rounded(figures.cost_nano),
    )


def _asked(asked: Mapping[str, Any]) -> tuple[list[Row], bool]:
    """Of real traffic; where there was none, of what the sandbox made up."""
    tomorrow = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    for traffic in ("real", "sandbox"):
        question = Question(since=tomorrow - SHOWN, until=tomorrow, distributions=True, traffic=traffic, **asked)
        rows = [row for row in ask(question).rows if row.figures.requests]
        if rows:
            return rows, traffic == "sandbox"
    return [], False


USAGE_PANELS.append(usage_panel)
RECENTLY.append(recently)
