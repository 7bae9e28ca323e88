"""Where a model is served, and what it cost there when. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from budgets import formats
from models_registry.types import Availability, Deployment, Model, Price
from routerhub.console.catalogue.lines import told_price


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceLine:
    """A price of a place, in force from a moment on."""

    place: str
    since: datetime
    is_now: bool
    input: str
    output: str
    cache_read: str
    cache_write: str
    longer: str
    """What longer prompts cost."""
    change: str
    """By how much output costs more or less than before."""
    source: str
    dated: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A place where a model can be called, in the order in which they are tried."""

    provider: str
    name: str
    regions: str
    state: str
    time: str
    success: str
    keeps_nothing: bool
    is_local: bool


def prices(model: Model, now: datetime) -> list[PriceLine]:
    """Of all places, the newest first."""
    found = [each for place in model.deployments for each in _of_place(place, now)]
    return sorted(found, key=lambda each: each.since, reverse=True)


def _of_place(place: Deployment, now: datetime) -> Iterator[PriceLine]:
    in_force = [each for each in place.prices if each.effective_from <= now]
    for at, each in enumerate(place.prices):
        yield PriceLine(
            place=place.provider, since=each.effective_from, is_now=bool(in_force) and each is in_force[-1],
            input=told_price(each.rates.input), output=told_price(each.rates.output),
            cache_read=told_price(each.rates.cache_read), cache_write=told_price(each.rates.cache_write),
            longer=_longer(each), change=_change(place.prices[at - 1], each) if at else formats.NOTHING,
            source=each.source, dated=f"{each.dated:%Y-%m-%d}",
        )  # fmt: skip


def _longer(price: Price) -> str:
    return "; ".join(
        f"{tier.above_input_tokens:,}+: {told_price(tier.rates.input)}, {told_price(tier.rates.output)}"
        for tier in price.tiers
    )


def _change(before: Price, after: Price) -> str:
    if before.rates.output is None or after.rates.output is None or before.rates.output == after.rates.output:
        return formats.NOTHING
    return formats.change(float(after.rates.output), float(before.rates.output))


def places(
    model: Model, providers: Sequence[str], availability: Availability, marks: dict[str, tuple[bool, bool]]
) -> list[Place]:
    """`providers`: those that can be called; `marks`: of each provider whether it keeps nothing, and whether it is local."""
    return [_place(each, providers, availability, marks) for each in model.deployments]


def _place(
    each: Deployment, providers: Sequence[str], availability: Availability, marks: dict[str, tuple[bool, bool]]
) -> Place:
    measured, keeps = availability.measured.get(each.id), marks.get(each.provider, (False, False))
    return Place(
        provider=each.provider, name=each.upstream_model, regions=", ".join(each.regions),
        state=_state(each, providers, availability),
        time=formats.duration(measured.expected_ms) if measured and measured.expected_ms else formats.NOTHING,
        success=formats.percent(measured.success, 1, 1) if measured else formats.NOTHING,
        keeps_nothing=keeps[0], is_local=keeps[1],
    )  # fmt: skip


def _state(each: Deployment, providers: Sequence[str], availability: Availability) -> str:
    if each.id in availability.open_circuits:
        return "resting"
    if each.id in availability.health.down or each.status == "down":
        return "down"
    if each.provider not in providers and not availability.sandbox:
        return "no key"
    return "degraded" if each.id in availability.health.degraded or each.status == "degraded" else "open"
