"""Fill empty tables from release 0, so that staff begin with something to edit. What is there is never overwritten."""

from dataclasses import asdict
from typing import Any

from django.db import transaction

from models_registry import audit, catalogue
from models_registry.models import Deployment, Model, Price, Provider
from models_registry.static import STATIC
from models_registry.types import Deployment as StaticDeployment
from models_registry.types import Price as StaticPrice

REASON = "seed"


@transaction.atomic
def seed() -> dict[str, int]:
    """Add what is missing and publish. Returns how many rows of each kind were added, and the live release."""
    added = {
        "providers": sum(_provider(name) for name in STATIC.providers),
        "models": sum(_model(identifier) for identifier in STATIC.models),
    }
    for identifier, known in STATIC.models.items():
        if known.successor:
            Model.objects.filter(identifier=identifier, successor=None).update(
                successor=Model.objects.get(identifier=known.successor)
            )
    return {**added, "release": catalogue.publish(None, REASON)}


def _save(row: Any) -> None:
    audit.stamp(row, None, REASON)
    row.save()


def _provider(name: str) -> int:
    if Provider.objects.filter(name=name).exists():
        return 0
    _save(Provider(**asdict(STATIC.providers[name])))
    return 1


def _model(identifier: str) -> int:
    if Model.objects.filter(identifier=identifier).exists():
        return 0
    known = STATIC.models[identifier]
    row = Model(
        identifier=identifier,
        provider_id=known.provider,
        capabilities=sorted(known.capabilities),
        deprecated_from=known.deprecated_from,
        **{name: getattr(known, name) for name in catalogue.MODEL_FIELDS},
    )
    _save(row)
    for position, deployment in enumerate(known.deployments):
        _deployment(row, position, deployment)
    return 1


def _deployment(model: Model, position: int, known: StaticDeployment) -> None:
    row = Deployment(
        model=model,
        provider_id=known.provider,
        upstream_model=known.upstream_model,
        position=position,
        status=known.status,
    )
    _save(row)
    for price in known.prices:
        _save(_price(row, price))


def _price(deployment: Deployment, known: StaticPrice) -> Price:
    return Price(
        deployment=deployment,
        effective_from=known.effective_from,
        tiers=[
            {
                "above_input_tokens": tier.above_input_tokens,
                **{name: str(rate) for name, rate in asdict(tier.rates).items() if rate is not None},
            }
            for tier in known.tiers
        ],
        source=known.source,
        dated=known.dated,
        **asdict(known.rates),
    )
