"""How limits that are dealt out stand, in every place, as it was seen last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from budgets.limits.names import named
from budgets.limits.setting import shown_amount
from budgets.models import Limit, Share, ShareTransfer
from budgets.shares import places


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One place's part of a limit. Amounts are in dollars, or counts."""

    name: str
    share: Decimal
    """What it may use in the running period."""
    used: Decimal
    """Of it, spent and reserved."""
    seen_at: datetime
    problem: str
    """Why it did not answer last; its figures are older then."""
    whole: Decimal

    @property
    def used_percent(self) -> float:
        return round(float(100 * self.used / self.whole), 2) if self.whole else 0

    @property
    def free_percent(self) -> float:
        return round(float(100 * max(Decimal(0), self.share - self.used) / self.whole), 2) if self.whole else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Dealt:
    limit: Limit
    amount: Decimal
    under_way: Decimal
    """What left home and has not arrived yet, as far as it is known here."""
    places: tuple[Place, ...]

    @property
    def missing(self) -> list[str]:
        """Places that have not been seen yet."""
        return [each for each in places.aliases() if each not in {place.name for place in self.places}]


def dealt() -> list[Dealt]:
    """Every limit that is dealt out."""
    return [_of(limit) for limit in named(Limit.objects.exclude(shared_as=None).prefetch_related("shares"))]


def of(limit: Limit) -> Dealt:
    """How one stands."""
    return _of(*named([limit]))


def _of(limit: Limit) -> Dealt:
    waiting = ShareTransfer.objects.filter(limit=limit, arrived_at=None).aggregate(amount=Sum("amount"))["amount"]
    whole = shown_amount(limit.measure, limit.amount)
    return Dealt(
        limit=limit, amount=whole, under_way=shown_amount(limit.measure, waiting or 0),
        places=tuple(_place(limit, share, whole) for share in limit.shares.all()),
    )  # fmt: skip


def _place(limit: Limit, share: Share, whole: Decimal) -> Place:
    return Place(
        name=share.place, share=shown_amount(limit.measure, share.amount),
        used=shown_amount(limit.measure, share.used), whole=whole, seen_at=share.seen_at, problem=share.problem,
    )  # fmt: skip


def as_json(found: Dealt) -> Mapping[str, Any]:
    return {
        "limit": found.limit.pk, "scope": f"{found.limit.kind} {found.limit.called}".strip(),
        "measure": found.limit.measure, "period": found.limit.period, "amount": f"{found.amount:f}",
        "under_way": f"{found.under_way:f}", "not_seen_yet": found.missing,
        "places": [
            {
                "place": each.name, "share": f"{each.share:f}", "used": f"{each.used:f}", "seen_at": each.seen_at,
                "problem": each.problem,
            }
            for each in found.places
        ],
    }  # fmt: skip
