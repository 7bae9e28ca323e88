"""Fill empty tables from release 0, so that staff begin with something to edit.

What is there is never overwritten, what staff deleted stays deleted, and a rollback or a rollout is never undone: then
what a newer version of the code brings waits in the tables for the next release.
"""

from django.db import transaction

from models_registry.catalogue import bundles as catalogue_bundles
from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.catalogue import tables as catalogue_tables
from models_registry.catalogue.release0 import STATIC
from models_registry.models import Model, Provider
from routerhub.audit import history
from routerhub.releases import rollout, store

REASON = "seed"


@transaction.atomic
def seed() -> dict[str, int]:
    """Add what was never there and publish. Returns how many rows of each kind were added, and the live release."""
    there = catalogue_compiler.compile_bundle()
    is_settled = store.is_settled("catalogue", there, catalogue_bundles.read)
    shipped = catalogue_bundles.to_bundle(STATIC)
    known = history.ever_named(Model, "identifier")
    models = {name: facts for name, facts in shipped["models"].items() if name not in known}
    providers = {name: shipped["providers"][name] for name in _missing_providers(list(models))}
    if models or providers:
        target = {"providers": {**there["providers"], **providers}, "models": {**there["models"], **models}}
        catalogue_tables.write(_without_lost_successors(target), None, REASON, trusts_prices=True)
    if is_settled:
        store.publish(None, REASON)
    return {"providers": len(providers), "models": len(models), "release": rollout.pointers()["catalogue"].stable}


def _missing_providers(models: list[str]) -> list[str]:
    """Those that were never there, and those that these new models need."""
    needed = {STATIC.models[each].provider for each in models}
    needed |= {place.provider for each in models for place in STATIC.models[each].deployments}
    there = set(Provider.objects.values_list("name", flat=True))
    return sorted((STATIC.providers.keys() - history.ever_named(Provider, "name") | needed) - there)


def _without_lost_successors(bundle: catalogue_tables.Facts) -> catalogue_tables.Facts:
    """A new model whose successor staff deleted has none."""
    models = bundle["models"]
    for facts in models.values():
        if facts["successor"] not in models:
            facts["successor"] = ""
    return bundle
