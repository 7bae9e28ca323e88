"""From the editable tables to the bundle of a catalogue release."""

from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch

from models_registry.models import Deployment, Model, Price, Provider
from models_registry.names import names_of
from models_registry.prices.quarantine import plain
from models_registry.types import Provider as ProviderValue
from models_registry.types import Rates

PROVIDER_FIELDS = (
    "title", "protocol", "base_url", "credential_env", "output_limit_field", "is_local", "is_zero_retention",
)  # fmt: skip
MODEL_FIELDS = (
    "kind", "name", "aliases", "description", "user_description", "best_for", "context_window", "max_output",
    "supports_reasoning", "knowledge_cutoff", "benchmarks", "speed_tier", "is_pro", "is_internal_only",
    "is_experimental", "is_available", "source",
)  # fmt: skip
LINE = "catalogue"
"""The line of releases that these tables make."""
RATES = tuple(field.name for field in fields(Rates))
TABLES = (Provider, Model, Deployment, Price)


def compile_bundle() -> dict[str, Any]:
    """The bundle that the tables would make now. Prices that wait for approval are not in it."""
    # Ordered by their own columns: by the tables' usual order each would be joined with its parents once more.
    deployments = Prefetch("deployments", Deployment.objects.order_by("position", "id"))
    in_force = Prefetch("deployments__prices", Price.objects.filter(waits_because="").order_by("effective_from"))
    models = Model.objects.select_related("successor").prefetch_related(deployments, in_force)
    return {
        "providers": {
            each.name: {name: getattr(each, name) for name in PROVIDER_FIELDS} for each in Provider.objects.all()
        },
        "models": {each.identifier: _model_json(each) for each in models},
    }


def _model_json(row: Model) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in MODEL_FIELDS},
        "provider": row.provider_id,
        "capabilities": sorted(row.capabilities),
        "deprecated_from": row.deprecated_from.isoformat() if row.deprecated_from else None,
        "successor": row.successor.identifier if row.successor else "",
        "deployments": [_deployment_json(each) for each in row.deployments.all()],
    }


def _deployment_json(row: Deployment) -> dict[str, Any]:
    return {
        "provider": row.provider_id,
        "upstream_model": row.upstream_model,
        "status": row.status,
        **({"regions": row.regions} if row.regions else {}),
        "prices": [price_json(each) for each in row.prices.all()],
    }


def price_json(row: Price) -> dict[str, Any]:
    """A price row as a bundle spells it."""
    return {
        "effective_from": row.effective_from.isoformat(),
        "rates": {name: plain(value) for name in RATES if (value := getattr(row, name)) is not None},
        "tiers": [
            {
                "above_input_tokens": tier["above_input_tokens"],
                "rates": {name: plain(Decimal(str(tier[name]))) for name in RATES if tier.get(name) is not None},
            }
            for tier in row.tiers
        ],
        "source": row.source,
        "dated": row.dated.isoformat(),
    }


def provider_value(row: Provider) -> ProviderValue:
    """The provider as the router knows it."""
    return ProviderValue(name=row.name, **{name: getattr(row, name) for name in PROVIDER_FIELDS})


def model_ids() -> list[str]:
    """Every chat model, by id."""
    return list(Model.objects.filter(kind="chat").values_list("identifier", flat=True))


def model_names() -> dict[str, str]:
    """Every name that a model is asked for by, with its id."""
    return names_of(dict(Model.objects.values_list("identifier", "aliases")))


def successors(today: date) -> dict[str, str]:
    """Every model that is deprecated on that day, by id, with its successor's id: empty where it has none."""
    rows = Model.objects.filter(deprecated_from__lte=today).values_list("identifier", "successor__identifier")
    return {name: successor or "" for name, successor in rows}


def provider_names() -> list[str]:
    """Every provider, by name."""
    return list(Provider.objects.values_list("name", flat=True))


def titles() -> tuple[dict[str, str], dict[str, str]]:
    """What people call providers and chat models, by name and by id; by what they are called."""
    models = Model.objects.filter(kind="chat").order_by("name").values_list("identifier", "name")
    return dict(Provider.objects.order_by("title").values_list("name", "title")), dict(models)
