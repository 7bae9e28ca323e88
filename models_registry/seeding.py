"""Fill empty tables from release 0, so that staff begin with something to edit.

What is there is never overwritten, what staff deleted stays deleted, and a rollback or a rollout is never undone: then
what a newer version of the code brings waits in the tables for the next release.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from simple_history.utils import bulk_create_with_history

from models_registry import audit, bundles, catalogue, releases
from models_registry.models import Deployment, Model, Price, Provider
from models_registry.static import STATIC
from models_registry.types import Price as StaticPrice

REASON = "seed"


@transaction.atomic
def seed() -> dict[str, int]:
    """Add what was never there and publish. Returns how many rows of each kind were added, and the live release."""
    is_settled = releases.is_settled("catalogue", catalogue.compile_bundle(), bundles.read)
    known = audit.ever_named(Model, "identifier")
    missing = [identifier for identifier in STATIC.models if identifier not in known]
    added = {"providers": _providers(missing), "models": _models(missing)}
    if is_settled:
        catalogue.publish(None, REASON)
    return {**added, "release": releases.pointers()["catalogue"].stable}


def _add(rows: Sequence[Any]) -> list[Any]:
    """The rows, saved at once, with a first version of each in the history."""
    if not rows:
        return []
    added: list[Any] = bulk_create_with_history(rows, type(rows[0]), default_change_reason=REASON)
    return added


def _providers(models: Sequence[str]) -> int:
    """Those that were never there, and those that these new models need."""
    needed = {STATIC.models[each].provider for each in models}
    needed |= {place.provider for each in models for place in STATIC.models[each].deployments}
    there = set(Provider.objects.values_list("name", flat=True))
    missing = (STATIC.providers.keys() - audit.ever_named(Provider, "name") | needed) - there
    return len(_add([Provider(**asdict(STATIC.providers[name])) for name in sorted(missing)]))


def _models(missing: Sequence[str]) -> int:
    rows = {row.identifier: row for row in Model.objects.all()}
    waiting = set(missing)
    while waiting:
        # A successor must be there before the model that names it.
        ready = [each for each in missing if each in waiting and STATIC.models[each].successor not in waiting]
        rows |= {row.identifier: row for row in _add([_model(each, rows) for each in ready])}
        waiting -= set(ready)
    places = [
        (Deployment(model=rows[identifier], provider_id=known.provider, upstream_model=known.upstream_model,
                    position=position, status=known.status), known.prices)
        for identifier in missing
        for position, known in enumerate(STATIC.models[identifier].deployments)
    ]  # fmt: skip
    added = _add([row for row, _ in places])
    _add([_price(row, price) for row, (_, prices) in zip(added, places, strict=True) for price in prices])
    return len(missing)


def _model(identifier: str, rows: dict[str, Model]) -> Model:
    known = STATIC.models[identifier]
    return Model(
        identifier=identifier,
        provider_id=known.provider,
        capabilities=sorted(known.capabilities),
        deprecated_from=known.deprecated_from,
        successor=rows.get(known.successor),
        **{name: getattr(known, name) for name in catalogue.MODEL_FIELDS},
    )


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
