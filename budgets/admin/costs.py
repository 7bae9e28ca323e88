"""What was spent, for staff: by day in a chart, by any dimension in a table."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from budgets.books.costs import DIMENSIONS, Asked, Costs, costs, this_month
from budgets.books.months import zone_of
from budgets.models import Account
from budgets.money import dollars, dollars_of_both
from budgets.types import NANO
from routerhub.audit.forms import QueryForm
from routerhub.audit.pages import StaffPage, page

MAX_SERIES, MAX_BARS = 6, 92
TIMES = ("day", "week", "month")
COLOURS = ("#7c3aed", "#0ea5e9", "#10b981", "#f59e0b", "#ec4899", "#6366f1", "#94a3b8")
OPTIONS = json.dumps({
    "animation": False, "maintainAspectRatio": False,
    "plugins": {"legend": {"display": True, "position": "bottom", "labels": {"boxWidth": 10, "boxHeight": 10}}},
    "scales": {"x": {"stacked": True, "grid": {"display": False}}, "y": {"stacked": True, "beginAtZero": True}},
})  # fmt: skip


class CostsForm(QueryForm):
    """Which days, by what, and whose."""

    since = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}), label="From")
    until = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}), label="To, with that day")
    by = forms.ChoiceField(
        required=False, choices=[(name, name.replace("_", " ")) for name in DIMENSIONS], initial="model"
    )
    account = forms.ModelChoiceField(Account.objects.all(), required=False, empty_label="all", to_field_name="slug")


@page("costs/", "costs")
class CostsPage(StaffPage):
    title = "Costs"
    template_name = "budgets/costs.html"
    permission = "budgets.view_ledgerentry"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        sent = self.request.GET.copy()
        asked = _asked(CostsForm(sent).asked())
        for name, value in (("since", asked.since), ("until", asked.until), ("by", asked.group_by[0])):
            sent[name] = str(value)
        try:
            shown = _shown(asked)
        except ValidationError as refused:
            shown = {"problem": " ".join(refused.messages)}
        return super().get_context_data(**given, form=CostsForm(sent), zone=asked.zone.key, options=OPTIONS, **shown)


def _asked(chosen: Mapping[str, Any]) -> Asked:
    account = chosen["account"]
    zone = zone_of(account)
    first, today = this_month(timezone.now(), zone)
    until = chosen["until"] or today
    since = chosen["since"] or min(first, until)
    return Asked(
        since=since, until=until, zone=zone, group_by=[chosen["by"]], account_id=account.pk if account else None
    )


def _shown(asked: Asked) -> dict[str, Any]:
    by, found = asked.group_by[0], costs(asked)
    time = next(
        name for name, days in (("day", MAX_BARS), ("week", 7 * MAX_BARS)) if (asked.until - asked.since).days < days
    )
    over_time = found if by in TIMES else costs(replace(asked, group_by=[time, by]))
    most = max((row["cost_nano"] + row["sandbox_nano"] for row in found.rows), default=0)
    return {
        "by": by, "is_cut": found.is_cut, "tiles": _tiles(found.total), "chart": _chart(over_time, by if by in TIMES else time),
        "rows": [_row(row, by, most) for row in found.rows],
    }  # fmt: skip


def _tiles(total: Mapping[str, int]) -> list[dict[str, str]]:
    cost = total["cost_nano"]
    share = 100 * total["by_ceiling_nano"] / cost if cost else 0
    unpriced, estimated = dollars(total["unpriced_nano"]), dollars(total["estimated_nano"])
    return [
        {
            "title": "Cost",
            "value": dollars(cost),
            "note": f"{dollars(total['sandbox_nano'])} made up by the sandbox, apart",
        },
        {
            "title": "Requests",
            "value": f"{total['requests']:,}",
            "note": f"{total['unpriced_requests']:,} without a price",
        },
        {"title": "At a ceiling", "value": f"{share:.1f} %", "note": f"{unpriced} without a price"},
        {"title": "Estimated", "value": estimated, "note": "no usage was told, so it was counted"},
    ]


def _row(row: Mapping[str, Any], by: str, most: int) -> dict[str, Any]:
    both = row["cost_nano"] + row["sandbox_nano"]
    return {
        "name": row[by] or "none", "cost": dollars_of_both(row["cost_nano"], row["sandbox_nano"]),
        "requests": row["requests"], "tokens": f"{row['input_tokens']:,} / {row['output_tokens']:,}",
        "by_ceiling": dollars(row["by_ceiling_nano"]) if row["by_ceiling_nano"] else "",
        "width": max(0, round(100 * both / most)) if most > 0 else 0,
    }  # fmt: skip


def _chart(found: Costs, time: str) -> str:
    """Chart.js data: a bar a day (or week, month), of the dearest few and all others together; empty where there is nothing."""
    by = next((name for name in found.asked.group_by if name != time), None)
    marks = sorted({row[time] for row in found.rows})
    sums: dict[str, dict[str, int]] = {}
    for row in found.rows:
        of_name = sums.setdefault(str(row[by] or "none") if by else "cost", {})
        of_name[row[time]] = of_name.get(row[time], 0) + row["cost_nano"] + row["sandbox_nano"]
    dearest = sorted(sums, key=lambda name: -sum(sums[name].values()))
    series = [(name, [sums[name]]) for name in dearest[:MAX_SERIES]]
    if dearest[MAX_SERIES:]:
        series.append(("all others", [sums[name] for name in dearest[MAX_SERIES:]]))
    sets = [
        {"label": name, "data": _usd(parts, marks), "backgroundColor": COLOURS[place]}
        for place, (name, parts) in enumerate(series)
    ]
    return json.dumps({"labels": marks, "datasets": sets}) if sets else ""


def _usd(parts: Sequence[Mapping[str, int]], marks: Sequence[str]) -> list[float]:
    """Only to be drawn: the table has the figures to the last digit."""
    return [sum(part.get(mark, 0) for part in parts) / NANO for mark in marks]
