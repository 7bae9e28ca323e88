"""Whether spend keeps within its limits: those of whole accounts and of the site, as they stand and as they are forecast."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from budgets.choices import Measure, ScopeKind
from budgets.forecasting import forecasts
from budgets.forecasting.types import Forecast
from budgets.limits.names import names_of
from budgets.limits.standing import Standing, standings
from budgets.models import Limit
from budgets.models.limits import EACH

MAX_LIMITS = 1_000
"""The largest so many are looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Keeping:
    """Of limits in money that run at the moment."""

    limits: int
    full: tuple[str, ...]
    """What those are called that are triggered."""
    passing: tuple[str, ...]
    """Those that are expected to be passed before their period ends."""
    fullest_share: float | None
    """Percent of the fullest one that is spent; None where there is no limit."""

    @property
    def is_kept(self) -> bool | None:
        return not (self.full or self.passing) if self.limits else None


def keeping(accounts: Collection[int] | None, now: datetime) -> Keeping:
    """Of these accounts; None: of all and of the site. Four queries, however many limits there are."""
    rows = Limit.objects.filter(is_active=True, measure=Measure.MONEY).exclude(subject=EACH)
    if accounts is None:
        rows = rows.filter(kind__in=[ScopeKind.SITE, ScopeKind.ACCOUNT])
    else:
        rows = rows.filter(kind=ScopeKind.ACCOUNT, subject__in=[str(each) for each in accounts])
    limits = list(rows.order_by("-amount", "pk")[:MAX_LIMITS])
    stands = standings([limit.pk for limit in limits], now)
    running = [limit for limit in limits if stands[limit.pk].is_running]
    names, foreseen = names_of(running), forecasts.forecasts_of(running)
    full = [limit for limit in running if stands[limit.pk].state == "triggered"]
    passing = [
        limit for limit in running if limit not in full and _passes(limit, stands[limit.pk], foreseen.get(limit.pk))
    ]
    return Keeping(
        limits=len(running), full=tuple(f"{limit.kind} {names[limit.pk]}" for limit in full),
        passing=tuple(f"{limit.kind} {names[limit.pk]}" for limit in passing),
        fullest_share=max((stands[limit.pk].share(stands[limit.pk].spent) for limit in running), default=None),
    )  # fmt: skip


def _passes(limit: Limit, stands: Standing, forecast: Forecast | None) -> bool:
    found = forecasts.beside(stands, forecast)
    return found is not None and found.expected is not None and found.expected >= limit.amount
