"""The figures of the admin's first page: the last 24 hours, out of the records."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, Q, Sum
from django.db.models.functions import TruncHour
from django.http import HttpRequest
from django.utils import timezone

from analytics.models import Record
from budgets.money import dollars, dollars_of_both
from routerhub.audit.permissions import may

HOURS = 24
MADE_UP = Q(is_sandbox=True)
TARGET_COST_NANO, TARGET_SUCCESS, TARGET_LATENCY_MS = 50_000_000, 95, 5_000


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What templates/admin/index.html shows: figures to who may see the records that they come from."""
    may_see = may(request.user, "view", Record)
    return {**context, **(_figures() if may_see else {}), "may_see": may_see}


def _figures() -> dict[str, Any]:
    end = timezone.now()
    start = end.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    recent = Record.objects.filter(created_at__gte=start)
    totals = recent.aggregate(
        requests=Count("operation_id"),
        admitted=Count("operation_id", filter=~Q(outcome="refused")),
        good=Count("operation_id", filter=Q(outcome="success")),
        billed=Count("operation_id", filter=~MADE_UP),
        spent=Sum("cost_nano", filter=~MADE_UP, default=0),
        sandbox=Sum("cost_nano", filter=MADE_UP, default=0),
        latency=Avg("latency_ms", filter=Q(outcome="success")),
    )
    by_hour = recent.annotate(hour=TruncHour("created_at")).values("hour")
    hours: dict[datetime, Any] = {row["hour"]: row for row in by_hour.annotate(requests=Count("operation_id"))}
    models = (
        recent.exclude(outcome="refused")
        .values("model", "is_sandbox")
        .annotate(requests=Count("operation_id"), spent=Sum("cost_nano"))
    )
    return {
        "tiles": _tiles(totals),
        "requests_chart": _chart(start, hours, "requests"),
        "has_traffic": bool(totals["requests"]),
        "top_models": [
            {**row, "spent": dollars(row["spent"], row["is_sandbox"])} for row in models.order_by("-requests")[:6]
        ],
    }


def _tiles(totals: dict[str, Any]) -> list[dict[str, Any]]:
    """Each figure with its target, and whether it is met; without traffic nothing is claimed, and of what was refused
    neither success nor failure."""
    requests, admitted = totals["requests"], totals["admitted"]
    if not admitted:
        dash = {"value": "-", "met": None}
        return [
            {"title": "Requests", "value": f"{requests:,}", "note": "last 24 hours", "met": None},
            {"title": "Spent", "value": dollars(0), "note": "last 24 hours", "met": None},
            {"title": "Success", "note": f"target {TARGET_SUCCESS} %", **dash},
            {"title": "Mean answer", "note": f"target below {TARGET_LATENCY_MS / 1000:g} s", **dash},
        ]
    share = 100 * totals["good"] / admitted
    mean_nano = round(totals["spent"] / totals["billed"]) if totals["billed"] else None
    mean = "nothing was billed" if mean_nano is None else f"{dollars(mean_nano)} a task"
    latency = totals["latency"]
    return [
        {"title": "Requests", "value": f"{requests:,}", "note": "last 24 hours", "met": None},
        {
            "title": "Spent",
            "value": dollars_of_both(totals["spent"], totals["sandbox"]),
            "note": f"{mean}, target below {dollars(TARGET_COST_NANO)}",
            "met": None if mean_nano is None else mean_nano < TARGET_COST_NANO,
        },
        {
            "title": "Success",
            "value": f"{share:.1f} %",
            "note": f"target {TARGET_SUCCESS} %",
            "met": share >= TARGET_SUCCESS,
        },
        {
            "title": "Mean answer",
            "value": "-" if latency is None else f"{latency:,.0f} ms",
            "note": f"target below {TARGET_LATENCY_MS / 1000:g} s",
            "met": None if latency is None else latency < TARGET_LATENCY_MS,
        },
    ]


def _chart(start: datetime, hours: dict[datetime, Any], figure: str) -> str:
    """Chart.js data of one figure, an hour a bar."""
    marks = [start + timedelta(hours=step) for step in range(HOURS)]
    values = [hours.get(mark, {}).get(figure, 0) for mark in marks]
    return json.dumps(
        {
            "labels": [f"{mark:%H}:00" for mark in marks],
            "datasets": [{"label": figure.title(), "data": values, "backgroundColor": "var(--color-primary-600)"}],
        }
    )
