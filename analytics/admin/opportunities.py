"""Where a cheaper model does as well, what costs most, and what routing saved, for staff."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.urls import reverse

from analytics.admin.ranges import RangeForm, question_of
from analytics.reports.comparing import MARGIN, MIN_DAYS, MIN_FINISHED
from analytics.reports.dearest import dearest_requests, dearest_users
from analytics.reports.opportunities import opportunities
from analytics.reports.savings import savings
from analytics.reports.types import Interval, Opportunities, Opportunity, Report, Saving, Side
from analytics.windows.types import Question
from budgets.money import rounded
from routerhub.audit.pages import StaffPage, page

SHOWN, DEAREST, BACKTESTED = 50, 10, 10_000
AGAINST: Mapping[str, str] = {
    "best": "always the best model", "good": "always the cheapest good one", "asked": "what was asked for",
}  # fmt: skip


@page("opportunities/", "opportunities")
class OpportunitiesPage(StaffPage):
    title = "Opportunities"
    template_name = "analytics/opportunities.html"
    permission = "analytics.view_record"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        sent = self.request.GET.copy()
        chosen = RangeForm(sent).asked()
        for name, value in chosen.items():
            sent[name] = str(value)
        try:
            shown = _shown(question_of(chosen), self.request.user.has_perm("releases.view_release"))
        except ValidationError as refused:
            shown = {"problem": " ".join(refused.messages)}
        rules = {"margin": round(100 * MARGIN), "min_days": MIN_DAYS, "min_requests": MIN_FINISHED}
        return super().get_context_data(**given, form=RangeForm(sent), days=chosen["days"], **rules, **shown)


def _shown(question: Question, may_backtest: bool) -> dict[str, Any]:
    found, saved = opportunities(question), savings(question)
    return {
        "tiles": [_found_tile(found), *(_saved_tile(each) for each in saved.savings)], "as_of": found.as_of,
        "opportunities": [_row(each, found, may_backtest) for each in found.found[:SHOWN]],
        "comparisons": found.comparisons, "users": _users(dearest_users(question, DEAREST)),
        "requests": [
            {"record": each, "cost": rounded(each.cost_nano)}
            for each in dearest_requests(question, DEAREST)
        ],
    }  # fmt: skip


def _found_tile(found: Opportunities) -> dict[str, str]:
    estimate = sum(each.saving_nano[0] for each in found.found)
    count = len(found.found)
    return {
        "title": "Could be saved", "value": _about(estimate),
        "note": f"by {count} change{'' if count == 1 else 's'}, of {found.comparisons} pairs of models compared",
    }  # fmt: skip


def _saved_tile(each: Saving) -> dict[str, str]:
    against = AGAINST[each.reference]
    if each.share is None:
        return {"title": "Routing saved", "value": "-", "note": f"against {against}: nothing to compare yet"}
    is_less = each.saved_nano >= 0
    return {
        "title": "Routing saved" if is_less else "Routing cost more", "value": _about(abs(each.saved_nano)),
        "note": f"about {abs(each.share):.0%} {'less' if is_less else 'more'} than {against}",
    }  # fmt: skip


def _row(each: Opportunity, found: Opportunities, may_backtest: bool) -> dict[str, Any]:
    difference, low, high = (100 * value for value in each.success_difference)
    most = max(other.saving_nano[2] for other in found.found)
    return {
        "name": " · ".join(filter(None, (each.group[name] for name in ("task_type", "category", "complexity")))),
        "account": each.labels["account"], "used": _side(each.used), "cheaper": _side(each.cheaper),
        "difference": f"{difference:+.1f} points ({low:+.1f} to {high:+.1f})", "saving": _about(each.saving_nano[0]),
        "between": f"{_about(each.saving_nano[1])} to {_about(each.saving_nano[2])}",
        "sure_width": round(100 * each.saving_nano[1] / most, 1), "maybe_width": round(100 * _width(each.saving_nano) / most, 1),
        "backtest": _backtest(each, found.question) if may_backtest else "",
    }  # fmt: skip


def _width(interval: Interval) -> float:
    return interval[2] - interval[1]


def _side(side: Side) -> dict[str, Any]:
    return {
        "model": side.model, "success": f"{100 * side.success:.1f} %", "requests": side.requests,
        "cost": _about(side.cost_per_request_nano),
    }  # fmt: skip


def _backtest(each: Opportunity, question: Question) -> str:
    """The backtest page, filled in."""
    asked = {
        "limit": BACKTESTED, "since": f"{question.since:%Y-%m-%dT%H:%M%z}", "account": each.labels["account"],
        "category": each.group["category"], "complexity": each.group["complexity"], "task_type": each.group["task_type"],
        "model": each.used.model, "instead": each.cheaper.model,
    }  # fmt: skip
    return f"{reverse('admin:backtest')}?{urlencode(asked)}"


def _users(found: Report) -> list[dict[str, Any]]:
    most = max((group.figures.cost_nano for group in found.groups), default=0) or 1
    return [
        {
            "name": group.labels[0], "cost": _about(group.figures.cost_nano), "requests": group.figures.requests,
            "width": round(100 * group.figures.cost_nano / most, 1),
            "before": _about(group.before.cost_nano) if group.before else "",
        }
        for group in found.groups if group.figures.cost_nano
    ]  # fmt: skip


def _about(nano: float) -> str:
    return rounded(round(nano))
