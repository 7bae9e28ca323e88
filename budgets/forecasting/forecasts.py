"""Forecasts of limits: made from the hours, kept for pages and alerts, and read back."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import FloatField
from django.db.models.functions import Cast, Coalesce, Greatest

from budgets.choices import Period, ScopeKind
from budgets.forecasting.hours import History, history, spent_since
from budgets.forecasting.projection import Point, project
from budgets.forecasting.types import Forecast
from budgets.limits.standing import Standing
from budgets.models import Limit, LimitForecast
from budgets.models.limits import EACH

TOO_SHORT_OR_ENDLESS = (Period.MINUTE, Period.HOUR, Period.TOTAL)
"""Within an hour there is no season, and what has no end has nothing to be forecast to."""
EACH_BY_ITSELF = (ScopeKind.SESSION, ScopeKind.TASK, ScopeKind.POLICY_TASK)
"""They end with what they are for, and have no weeks to learn from."""
CHUNK = 200
RUNNING = """
    SELECT l.id, p.start, budget_period_end(l.period, p.start, l.zone, l.every_days, l.ends_on),
           (SELECT c.spent FROM budgets_counter c
            WHERE c.limit_id = l.id AND c.subject = '' AND c.measure = l.measure AND c.period = l.period
              AND c.period_start = p.start)
    FROM budgets_limit l CROSS JOIN LATERAL (
        SELECT budget_period_start(l.period, %(moment)s, l.zone, l.every_days, l.starts_on, l.ends_on) AS start
    ) p
    WHERE l.id = ANY (%(ids)s) AND p.start IS NOT NULL
"""
FIELDS = ("period_start", "period_end", "made_at", "history_hours", "spent", "expected", "low", "high", "passes_at")


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """The period that a limit is in, and exactly what it has seen in it."""

    start: datetime
    end: datetime
    spent: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """A forecast with what it comes from and how it gets there, for charts."""

    forecast: Forecast
    history: History
    points: list[Point]
    """What will have been spent from `made_at` on, hour by hour; empty where there is too little history."""


def can_forecast(limit: Limit) -> bool:
    """Whether the limit has a period that ends, not within the hour, and is one limit and not one for each."""
    return limit.period not in TOO_SHORT_OR_ENDLESS and limit.kind not in EACH_BY_ITSELF and limit.subject != EACH


def forecast_of(limit: Limit) -> Forecast | None:
    """The newest forecast of the limit's running period, as the last refresh made it.

    None where the limit has none: see can_forecast, and there must be spend that is known. Where there is a forecast, but too
    little history, it says so (`is_known`)."""
    return forecasts_of([limit]).get(limit.pk)


def forecasts_of(limits: Iterable[Limit]) -> Mapping[int, Forecast]:
    """The same for many limits by id, in one query."""
    kept = LimitForecast.objects.filter(limit__in=[limit.pk for limit in limits])
    return {row.limit_id: _forecast(row) for row in kept}


def beside(stands: Standing, forecast: Forecast | None) -> Forecast | None:
    """A kept forecast beside where its limit stands by now: never less than is spent already. None where it is of another
    period."""
    if forecast is None or forecast.period_start != stands.starts_at:
        return None
    low, expected, high = (
        each if each is None else max(each, stands.spent) for each in (forecast.low, forecast.expected, forecast.high)
    )
    return replace(forecast, spent=stands.spent, low=low, expected=expected, high=high)


def fullest(most: int) -> list[tuple[Limit, Forecast]]:
    """The newest forecasts of so many active limits, those first of which the most is expected to be used."""
    share = Cast(Coalesce("expected", "spent"), FloatField()) / Greatest(Cast("limit__amount", FloatField()), 1.0)
    rows = LimitForecast.objects.filter(limit__is_active=True).select_related("limit").order_by(-share, "limit")[:most]
    return [(row.limit, _forecast(row)) for row in rows]


def why_none(limit: Limit) -> str:
    """Why look_ahead finds nothing, for people."""
    if not can_forecast(limit):
        return "There is a forecast where a limit has a period from a day on that ends, and is one limit and not one for each."
    return "The limit's days are not now: there is nothing to forecast."


def look_ahead(limit: Limit, moment: datetime) -> Outlook | None:
    """A forecast made at this moment. None where the limit can have none now."""
    running = _running([limit], moment).get(limit.pk)
    return _outlook(limit, running, moment) if running else None


def month_of(account_id: int, zone: ZoneInfo, moment: datetime) -> Outlook:
    """The running month of an account that has no limit: what its hours come to, and what is expected."""
    limit = Limit(kind=ScopeKind.ACCOUNT, subject=str(account_id), period=Period.MONTH, amount=0, zone=zone.key)
    start = moment.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = (start + timedelta(days=32)).replace(day=1)
    return _outlook(limit, Running(start=start, end=end, spent=spent_since(account_id, start)), moment)


def refresh(moment: datetime) -> Iterator[tuple[Limit, Forecast]]:
    """Forecast every active limit anew and keep it; those without any known spend keep none. Memory is that of a chunk."""
    last = 0
    while chunk := list(Limit.objects.filter(is_active=True, pk__gt=last).order_by("pk")[:CHUNK]):
        last = chunk[-1].pk
        made = list(_made(chunk, moment))
        _keep(made)
        yield from made
    LimitForecast.objects.filter(made_at__lt=moment).delete()


def _forecast(row: LimitForecast) -> Forecast:
    return Forecast(**{name: getattr(row, name) for name in FIELDS})


def _made(limits: Iterable[Limit], moment: datetime) -> Iterator[tuple[Limit, Forecast]]:
    running = _running(limits, moment)
    for limit in limits:
        if limit.pk in running:
            forecast = _outlook(limit, running[limit.pk], moment).forecast
            if forecast.history_hours:
                yield limit, forecast


def _keep(made: Iterable[tuple[Limit, Forecast]]) -> None:
    rows = [LimitForecast(limit=limit, **{name: getattr(each, name) for name in FIELDS}) for limit, each in made]
    LimitForecast.objects.bulk_create(rows, update_conflicts=True, unique_fields=["limit"], update_fields=FIELDS)


def _running(limits: Iterable[Limit], moment: datetime) -> dict[int, Running]:
    ids = [limit.pk for limit in limits if can_forecast(limit)]
    with connection.cursor() as cursor:
        cursor.execute(RUNNING, {"ids": ids, "moment": moment})
        return {row[0]: Running(start=row[1], end=row[2], spent=row[3] or 0) for row in cursor.fetchall()}


def _outlook(limit: Limit, running: Running, moment: datetime) -> Outlook:
    known = history(limit, moment)
    points = project(known.hours, known.start, moment, running.end, ZoneInfo(limit.zone))
    forecast = Forecast(
        period_start=running.start, period_end=running.end, made_at=moment, history_hours=len(known.hours),
        spent=running.spent, expected=None, low=None, high=None, passes_at=None,
    )  # fmt: skip
    if points:
        forecast = _filled(forecast, points, limit.amount)
    return Outlook(forecast=forecast, history=known, points=points)


def _filled(forecast: Forecast, points: list[Point], amount: int) -> Forecast:
    """What is spent is exact; what comes on top is an estimate, to the whole unit."""
    spent, end = forecast.spent, points[-1]
    passing = (point.until for point in points if spent < amount <= spent + round(point.expected))
    return replace(
        forecast, expected=spent + round(end.expected), low=spent + round(end.low), high=spent + round(end.high),
        passes_at=next(passing, None),
    )  # fmt: skip
