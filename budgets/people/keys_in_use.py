"""Keys that are used, with the limit that each has of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from budgets.choices import Measure, ScopeKind
from budgets.limits.standing import Standing, standings
from budgets.models import ApiKey, Limit
from budgets.people.ownership import visible


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyInUse:
    id: int
    name: str
    prefix: str
    last_used_at: datetime | None
    period: str
    """Of its own limit of money; empty where it has none."""
    standing: Standing | None
    """Where that limit stands; None where it has none."""


def in_use(user: Any, account_id: int, now: datetime, most: int) -> Sequence[KeyInUse]:
    """Those of an account that open something and that a login may see, the one used last first."""
    working = visible(ApiKey.objects.all(), user).filter(
        Q(expires_at=None) | Q(expires_at__gt=now), account=account_id, revoked_at=None, is_enabled=True
    )
    found = list(working.select_related("use").order_by(F("use__last_used_at").desc(nulls_last=True), "-pk")[:most])
    limits = _own_limits(found)
    stand = standings([limit.pk for limit in limits.values()], now)
    return [_in_use(key, limits.get(key.pk), stand) for key in found]


def _own_limits(found: Sequence[ApiKey]) -> Mapping[int, Limit]:
    """By key; of several the smallest."""
    limits = Limit.objects.filter(
        kind=ScopeKind.KEY, subject__in=[str(key.pk) for key in found], measure=Measure.MONEY, is_active=True
    )
    return {int(limit.subject): limit for limit in limits.order_by("-amount")}


def _in_use(key: ApiKey, limit: Limit | None, stand: Mapping[int, Standing]) -> KeyInUse:
    return KeyInUse(
        id=key.pk, name=key.name, prefix=key.prefix, last_used_at=key.use.last_used_at if hasattr(key, "use") else None,
        period=limit.period if limit else "", standing=stand[limit.pk] if limit else None,
    )  # fmt: skip
