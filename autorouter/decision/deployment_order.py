"""In which order the deployments of a model are tried: its own order, moved by what was measured as far as staff allow. Pure.

A deployment passes the one before it where it answers more often by MORE_OFTEN; or, where both answer alike, where it needs less
than FASTER of the time and costs no more. Nobody comes to stand by more than `max_places` from where staff put him.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from autorouter.decision.hosting import Hosting
from models_registry.deployments import effective_deployments
from models_registry.errors import UnknownPrice
from models_registry.prices.pricing import mean_price, price_at
from models_registry.types import Availability, Deployment, Model, Status

MORE_OFTEN = 0.05
"""As a share of the calls: five percentage points."""
FASTER = 0.8
"""As a share of the other one's time. What differs less is left as it is, or the order would change with every look."""


def ordered(model: Model, availability: Availability, max_places: int, now: datetime) -> tuple[Deployment, ...]:
    """The deployments that can be called and are not down, degraded ones behind all others."""
    found = list(enumerate(up(model, availability)))
    for last in range(1, len(found) if availability.measured else 0):
        for at in range(last, 0, -1):
            (first, before), (second, behind) = found[at - 1], found[at]
            is_within = at - first <= max_places and second - (at - 1) <= max_places
            if not (is_within and _passes(behind, before, availability, now)):
                break
            found[at - 1 : at + 1] = [found[at], found[at - 1]]
    return _by_status([each for _, each in found], availability)


def hosting(model: Model, availability: Availability, order: Sequence[Deployment]) -> Hosting:
    """What an explanation tells of the places of a model that stand in this order."""
    own = _by_status(up(model, availability), availability) if availability.measured else order
    moved = [each.id for each, written in zip(order, own, strict=True) if each != written]
    told = [
        f"{name} answered {found.success:.0%} of at least {found.calls:,} calls, in {found.expected_ms:,} ms"
        for name in moved
        if (found := availability.measured.get(name))
    ]
    first = next((each for each in order if each.id not in availability.open_circuits), None)
    return Hosting(
        deployments=tuple([each.id for each in order]),
        moved="; ".join(told),
        expected_ms=availability.expected_at(model, first) if availability.measured else 0,
    )


def up(model: Model, availability: Availability) -> list[Deployment]:
    """The deployments that can be called and are not down, in the model's own order."""
    return [each for each in effective_deployments(model, availability) if status_of(each, availability) != "down"]


def status_of(deployment: Deployment, availability: Availability) -> Status:
    """The worse one of what staff set and what the last probe found."""
    if deployment.status == "down" or deployment.id in availability.health.down:
        return "down"
    return (
        "degraded" if deployment.status == "degraded" or deployment.id in availability.health.degraded else "available"
    )


def _by_status(places: Iterable[Deployment], availability: Availability) -> tuple[Deployment, ...]:
    return tuple(sorted(places, key=lambda each: status_of(each, availability) == "degraded"))


def _passes(one: Deployment, other: Deployment, availability: Availability, now: datetime) -> bool:
    """Whether what was measured puts one before the other."""
    own, others = availability.measured.get(one.id), availability.measured.get(other.id)
    if own is None or others is None:
        return False
    if abs(lead := own.success - others.success) >= MORE_OFTEN:
        return lead > 0
    return own.expected_ms < FASTER * others.expected_ms and _costs_no_more(one, other, now)


def _costs_no_more(one: Deployment, other: Deployment, now: datetime) -> bool:
    try:
        return mean_price(price_at(one.prices, now)) <= mean_price(price_at(other.prices, now))
    except UnknownPrice:
        return False
