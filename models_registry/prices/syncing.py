"""Prices of others against ours: what is new, what changed, what vanished; and what is confirmed of it, applied.

A change is a new price row from its day on. Doubtful ones (see quarantine) are added too, but wait for approval.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db import transaction

from models_registry.catalogue import bundles, compiler, tables
from models_registry.errors import UnknownPrice
from models_registry.models import Deployment
from models_registry.prices.pricing import price_at
from models_registry.prices.quarantine import doubts
from models_registry.prices.sources.offers import Offer
from models_registry.types import Price
from routerhub.audit.change import Change
from routerhub.releases import store

Kind = Literal["changed", "new", "vanished"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceChange:
    """One line of the difference between a price list and the catalogue."""

    kind: Kind
    model: str
    """Id of the model, the one that it would have where it is new."""
    place: str
    """provider/name there"""
    before: Price | None
    after: Price | None
    doubts: tuple[str, ...]
    """Why it would wait for approval."""
    obstacle: str
    """Why it cannot be applied; empty where it can."""
    note: str

    @property
    def key(self) -> str:
        """What it is chosen by."""
        return f"{self.kind} {self.place}" + (f" {self.after.effective_from.date()}" if self.after else "")


def compare(offers: Iterable[Offer], now: datetime) -> list[PriceChange]:
    """Changed prices first, then what vanished, then what is new."""
    bundle = compiler.compile_bundle()
    known = bundles.read(bundle, number=0)
    listed = {offer.place: offer for offer in offers}
    covered = {offer.provider for offer in listed.values()}
    ours = {place.id: (model.id, place) for model in known.models.values() for place in model.deployments}
    waiting = _waiting()
    changes: list[PriceChange] = []
    for identifier, place in ours.values():
        if offer := listed.get(place.id):
            changes += _changed(identifier, place.prices, offer, waiting, now)
        elif place.provider in covered:
            current = _price_now(place.prices, now)
            changes.append(
                PriceChange(kind="vanished", model=identifier, place=place.id, before=current, after=None, doubts=(),
                       obstacle="it is no longer listed: deprecate the model where it is gone for good", note="")
            )  # fmt: skip
    changes += _all_new([offer for place, offer in listed.items() if place not in ours], bundle, now)
    order = {"changed": 0, "vanished": 1, "new": 2}
    return sorted(changes, key=lambda change: (order[change.kind], change.model, change.key))


def _waiting() -> set[tuple[str, Any]]:
    """Places and rates of prices that wait for approval: the same is not proposed twice."""
    rows = Deployment.objects.filter(prices__waits_because__gt="").prefetch_related("prices").distinct()
    return {
        (f"{row.provider_id}/{row.upstream_model}", price.rates)
        for row in rows
        for price in row.prices.all()
        if price.waits_because
    }


def _changed(
    identifier: str, ours: Sequence[Price], offer: Offer, waiting: Collection[tuple[str, Any]], now: datetime
) -> Iterator[PriceChange]:
    """One change for today's price where it differs, and one for each that is announced for later."""
    today = _price_now(offer.prices, now)
    announced = [price for price in offer.prices if price.effective_from > now]
    timeline = list(ours)
    for price in [*([today] if today else []), *announced]:
        before = _price_now(timeline, max(price.effective_from, now))
        same = before is not None and (price.rates, price.tiers) == (before.rates, before.tiers)
        if not same and (offer.place, price.rates) not in waiting:
            after = replace(price, effective_from=_moment(price, before, now))
            timeline = sorted([*timeline, after], key=lambda each: each.effective_from)
            yield PriceChange(
                kind="changed", model=identifier, place=offer.place, before=before, after=after,
                doubts=_doubts(before, after), obstacle="", note=offer.note,
            )  # fmt: skip


def _moment(price: Price, before: Price | None, now: datetime) -> datetime:
    """From when on a price counts: from its own day if nothing of ours began since, from now on where something did.

    What was announced otherwise for the same moment is corrected a second later, since no row is edited.
    """
    if before is None or price.effective_from > before.effective_from:
        return price.effective_from
    if price.effective_from > now:
        return before.effective_from + timedelta(seconds=1)
    return now.replace(microsecond=0)


def _doubts(before: Price | None, after: Price) -> tuple[str, ...]:
    return doubts(before.rates if before else None, after.rates, after.source, [tier.rates for tier in after.tiers])


def _price_now(prices: Sequence[Price], now: datetime) -> Price | None:
    try:
        return price_at(prices, now)
    except UnknownPrice:
        return None


def _all_new(offers: Iterable[Offer], bundle: tables.Facts, now: datetime) -> Iterator[PriceChange]:
    """What is new. Of several lines that would get the same id only the first can be added."""
    seen: dict[str, str] = {}
    for offer in offers:
        change = _new(offer, bundle, now)
        first = seen.setdefault(offer.identifier, offer.place) if not change.obstacle else offer.place
        yield change if first == offer.place else replace(change, obstacle=f"{first} would be {offer.identifier} too")


def _new(offer: Offer, bundle: tables.Facts, now: datetime) -> PriceChange:
    after = _price_now(offer.prices, now) or (offer.prices[0] if offer.prices else None)
    found = _doubts(None, after) if after else ()
    return PriceChange(kind="new", model=offer.identifier, place=offer.place, before=None, after=after, doubts=found,
                  obstacle=_obstacle(offer, bundle), note=offer.note)  # fmt: skip


def _obstacle(offer: Offer, bundle: tables.Facts) -> str:
    if not offer.prices:
        return offer.note or "it has no price"
    if not offer.context_window:
        return "its context window is not known"
    if not bundle["providers"].get(offer.provider, {}).get("base_url"):
        return f"there is no provider {offer.provider} with an address in the catalogue"
    if not bundles.MODEL_ID.fullmatch(offer.identifier):
        return f"{offer.identifier!r} cannot be an id"
    if offer.identifier in bundle["models"]:
        return f"{offer.identifier} is in the catalogue already: add {offer.place} to it as a deployment"
    return ""


@transaction.atomic
def apply(offers: Iterable[Offer], keys: Collection[str], now: datetime, change: Change) -> list[PriceChange]:
    """Apply the changes with these keys as new price rows and new models, publish, and return them.

    They are compared anew, so that what changed since the preview is not applied by mistake.
    """
    listed = {offer.place: offer for offer in offers}
    chosen = [each for each in compare(listed.values(), now) if each.key in keys and not each.obstacle]
    target = compiler.compile_bundle()
    for each in chosen:
        if each.kind == "new":
            _add_model(target, listed[each.place])
        elif each.after:
            _add_price(target, each.model, each.place, each.after)
    if chosen:
        tables.write(target, change)
        store.publish(compiler.LINE, change)
    return chosen


def _add_price(target: tables.Facts, model: str, place: str, price: Price) -> None:
    for deployment in target["models"][model]["deployments"]:
        if f"{deployment['provider']}/{deployment['upstream_model']}" == place:
            rows = [*deployment["prices"], bundles.price_json(price)]
            deployment["prices"] = sorted(rows, key=lambda row: bundles.moment(row["effective_from"]))


def _add_model(target: tables.Facts, offer: Offer) -> None:
    """A new model, marked experimental: of what a price list does not say, nothing is claimed."""
    maker = offer.identifier.partition(":")[0]
    if maker not in target["providers"]:
        blank = {
            "protocol": "openai",
            "base_url": "",
            "credential_env": "",
            "output_limit_field": "max_tokens",
            "is_local": False,
            "is_zero_retention": False,
        }
        target["providers"][maker] = {"title": maker.replace("-", " ").title(), **blank}
    window = offer.context_window or 0
    unsaid = "" if offer.max_output else "; max output not stated, taken to be the window (estimate)"
    target["models"][offer.identifier] = {
        "name": offer.name, "provider": maker, "description": offer.description, "user_description": "", "best_for": "",
        "context_window": window, "max_output": min(offer.max_output or window, window),
        "capabilities": sorted(offer.capabilities or {"streaming"}), "supports_reasoning": offer.supports_reasoning,
        "knowledge_cutoff": "", "benchmarks": {}, "speed_tier": "standard", "is_pro": False, "is_internal_only": False,
        "is_experimental": True, "is_available": True, "deprecated_from": None, "successor": "",
        "source": offer.source + unsaid,
        "deployments": [
            {"provider": offer.provider, "upstream_model": offer.upstream_model, "status": "available",
             "prices": [bundles.price_json(price) for price in offer.prices]}
        ],
    }  # fmt: skip
