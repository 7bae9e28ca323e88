"""Forecasts in the admin: of all limits, and of one with its chart."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404
from django.utils.timezone import now

from budgets.forecasting import chart, forecasts, wording
from budgets.forecasting.projection import MIN_HOURS
from budgets.forecasting.types import Forecast
from budgets.limits.names import names_of
from budgets.models import Limit
from routerhub.audit.pages import StaffPage, page

MAX_LISTED = 100


@page("forecasts/", "forecasts")
class ForecastsPage(StaffPage):
    """Limits by how much of them is expected to be used, as the last refresh saw it."""

    title = "Forecasts"
    template_name = "budgets/forecasts.html"
    permission = "budgets.view_limit"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        found = forecasts.fullest(MAX_LISTED)
        names = names_of(limit for limit, _ in found)
        rows = [{**_row(limit, each), "name": _name(limit, names[limit.pk])} for limit, each in found]
        return super().get_context_data(**given, rows=rows, most=MAX_LISTED)


@page("forecasts/<int:pk>/", "forecast")
class ForecastPage(StaffPage):
    """One limit until the end of its period, made when the page is opened."""

    template_name = "budgets/forecast.html"
    permission = "budgets.view_limit"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        limit = Limit.objects.filter(pk=self.kwargs["pk"]).first()
        if limit is None:
            raise Http404(f"There is no limit {self.kwargs['pk']}.")
        outlook = forecasts.look_ahead(limit, now())
        more = _drawn(limit, outlook) if outlook else {"why_none": forecasts.why_none(limit)}
        return super().get_context_data(**given, title=f"Forecast: {_name(limit, names_of([limit])[limit.pk])}", **more)


def _drawn(limit: Limit, outlook: forecasts.Outlook) -> dict[str, Any]:
    drawn = chart.draw(outlook, limit.amount, ZoneInfo(limit.zone))
    days = [{"day": row.day, "is_past": row.spent is not None, **_shown(limit, row)} for row in drawn.rows]
    return {
        **_row(limit, outlook.forecast), "chart": drawn, "days": days, "min_hours": MIN_HOURS,
        "history": _history(outlook.forecast.history_hours), "box": (chart.WIDTH, chart.HEIGHT, chart.BARS_HEIGHT),
    }  # fmt: skip


def _shown(limit: Limit, row: chart.Row) -> dict[str, str]:
    figures = {"spent": row.spent, "expected": row.expected, "low": row.low, "high": row.high}
    return {name: wording.estimate(limit, each) for name, each in figures.items() if each is not None}


def _row(limit: Limit, forecast: Forecast) -> dict[str, Any]:
    """What both pages say of a forecast; places are percent of a bar that the limit or the interval ends."""
    figures = {"spent": forecast.spent, "expected": forecast.expected, "low": forecast.low, "high": forecast.high}
    top = max(limit.amount, forecast.high or 0, forecast.spent, 1)
    return {
        "limit": limit, "forecast": forecast, "sentence": wording.sentence(limit, forecast),
        "amount": wording.amount(limit, limit.amount), "spent": wording.estimate(limit, forecast.spent),
        "expected": "" if forecast.expected is None else wording.estimate(limit, forecast.expected),
        "between": _between(limit, forecast), "ends": wording.day(limit, forecast.period_end),
        "reached": wording.day(limit, forecast.passes_at) if forecast.passes_at else "",
        "at": {name: round(100 * each / top, 2) for name, each in figures.items() if each is not None},
        "limit_at": round(100 * limit.amount / top, 2),
    }  # fmt: skip


def _between(limit: Limit, forecast: Forecast) -> str:
    if forecast.low is None or forecast.high is None:
        return ""
    return f"{wording.estimate(limit, forecast.low)} and {wording.estimate(limit, forecast.high)}"


def _name(limit: Limit, subject: str) -> str:
    scope = f"{limit.get_kind_display()} {subject}".strip()
    return f"{scope}, {limit.get_measure_display().lower()} per {limit.get_period_display().lower()}"


def _history(hours: int) -> str:
    return f"{hours} hours" if hours < 72 else f"{hours // 24} days"
