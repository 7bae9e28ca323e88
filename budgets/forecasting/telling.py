"""Telling people that a limit will be reached, before it is."""

from datetime import datetime
from typing import Any

from budgets.alerts.limits import PERIODS, concerned
from budgets.alerts.raising import raise_alert
from budgets.alerts.types import Finding
from budgets.forecasting import forecasts
from budgets.forecasting.types import Forecast
from budgets.forecasting.wording import amount, day
from budgets.models import Limit
from budgets.money import named_amounts


def refresh_and_tell(moment: datetime) -> int:
    """Forecast every limit anew, and tell of those that will be reached. Returns how many were told now."""
    found = (finding_of(limit, forecast) for limit, forecast in forecasts.refresh(moment))
    return sum(raise_alert(finding) for finding in found if finding)


def finding_of(limit: Limit, forecast: Forecast) -> Finding | None:
    """Near where the limit will be reached if things go as expected, triggered where it will in nine of ten cases. Told once
    each period, and once more when it gets graver; not taken back: it was expected then, and the page says what is now.
    None of a limit that is reached already, which has alerts of its own."""
    if forecast.passes_at is None or forecast.low is None:
        return None
    whose = concerned(limit.kind, limit.subject, limit.account_id)
    return Finding(
        kind="forecast", account_id=whose.account_id, user_id=whose.user_id, subject=f"forecast:{limit.pk}",
        period_start=forecast.period_start, state="triggered" if forecast.low >= limit.amount else "near",
        title=f"{whose.name}, {PERIODS[limit.period]} limit: {amount(limit, limit.amount)} will be reached on "
        f"{day(limit, forecast.passes_at)}",
        figures=_figures(limit, forecast),
    )  # fmt: skip


def _figures(limit: Limit, forecast: Forecast) -> dict[str, Any]:
    amounts = {
        "limit": limit.amount, "spent": forecast.spent, "expected": forecast.expected, "low": forecast.low,
        "high": forecast.high,
    }  # fmt: skip
    moments = {"passes_at": forecast.passes_at, "period_end": forecast.period_end}
    return {
        **named_amounts(limit.measure, amounts), **{name: each and each.isoformat() for name, each in moments.items()},
        "interval_percent": 80, "history_hours": forecast.history_hours,
    }  # fmt: skip
