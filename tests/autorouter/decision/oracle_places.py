"""The plain specification of where a model is called, in which order, and how quick it is to be expected to be."""

from datetime import datetime
from decimal import Decimal

from autorouter.decision.hosting import Hosting
from autorouter.types import RouterRelease
from models_registry.deployments import effective_deployments
from models_registry.types import Availability, Deployment, Model

Place = tuple[int, Deployment]
"""A deployment, and where it stood at first."""


def is_down(deployment: Deployment, availability: Availability) -> bool:
    return deployment.status == "down" or deployment.id in availability.health.down


def hosting(model: Model, router: RouterRelease, availability: Availability, now: datetime) -> Hosting:
    places = tried(model, router.config.deployment_max_places, availability, now)
    written = in_health([*places], availability, key=0)
    away = [each.id for (_, each), (_, own) in zip(places, written, strict=True) if each != own]
    first = [each.id for _, each in places if each.id not in availability.open_circuits][:1]
    known = [availability.measured[name] for name in [*first, model.id, "*"] if name in availability.measured]
    return Hosting(
        deployments=tuple(each.id for _, each in places),
        moved="; ".join(
            f"{name} answered {found.success:.0%} of at least {found.calls:,} calls, in {found.expected_ms:,} ms"
            for name in away
            if (found := availability.measured.get(name))
        ),
        expected_ms=known[0].expected_ms if known else 0,
    )


def tried(model: Model, most: int, availability: Availability, now: datetime) -> list[Place]:
    """One after the other is put among those before him, as far as he may and does better."""
    found: list[Place] = []
    alive = [each for each in effective_deployments(model, availability) if not is_down(each, availability)]
    for at, each in enumerate(alive):
        place = at
        while place > max(0, at - most) and place - found[place - 1][0] <= most:
            if not does_better(each, found[place - 1][1], availability, now):
                break
            place -= 1
        found.insert(place, (at, each))
    return in_health(found, availability)


def does_better(one: Deployment, other: Deployment, availability: Availability, now: datetime) -> bool:
    if not {one.id, other.id} <= availability.measured.keys():
        return False
    first, second = availability.measured[one.id], availability.measured[other.id]
    if abs(first.success - second.success) >= 0.05:
        return first.success > second.success
    dear, cheap = costs(one, now), costs(other, now)
    return first.expected_ms < 0.8 * second.expected_ms and dear is not None and cheap is not None and dear <= cheap


def costs(place: Deployment, now: datetime) -> Decimal | None:
    """Its mean price, None without one."""
    begun = [price for price in place.prices if price.effective_from <= now]
    rates = begun[-1].rates if begun else None
    if rates is None or rates.input is None or rates.output is None:
        return None
    return (rates.input + rates.output) / 2


def in_health(places: list[Place], availability: Availability, key: int | None = None) -> list[Place]:
    """Degraded ones last; else as they are or (`key` 0) as they stood at first."""
    stood = sorted(places, key=lambda each: each[0]) if key == 0 else places
    bad = availability.health.degraded
    return sorted(stood, key=lambda each: each[1].status == "degraded" or each[1].id in bad)
