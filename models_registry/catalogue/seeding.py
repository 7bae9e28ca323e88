"""Fill empty tables from release 0, so that staff begin with something to edit.

What is there is never overwritten, what staff deleted stays deleted, and a rollback or a rollout is never undone: then
what a newer version of the code brings waits in the tables for the next release.
"""

from django.db import transaction

from models_registry.catalogue import compiler, release0, tables
from models_registry.catalogue.release0 import STATIC
from models_registry.models import Model, Provider
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.releases import rollout, store

SEED = Change(reason="seed")


@transaction.atomic
def seed() -> dict[str, int]:
    """Add what was never there and publish. Returns how many rows of each kind were added, and the live release."""
    there = compiler.compile_bundle()
    is_settled = store.is_settled(compiler.LINE)
    shipped = release0.bundle()
    known = history.ever_named(Model, "identifier")
    models = {name: facts for name, facts in shipped["models"].items() if name not in known}
    providers = {name: shipped["providers"][name] for name in _missing_providers(list(models))}
    if models or providers:
        target = {"providers": {**there["providers"], **providers}, "models": {**there["models"], **models}}
        tables.write(_without_lost_successors(target), SEED, trusts_prices=True)
    if is_settled:
        store.publish(compiler.LINE, SEED)
    return {"providers": len(providers), "models": len(models), "release": rollout.pointers()["catalogue"].stable}


def _missing_providers(models: list[str]) -> list[str]:
    """Those that were never there, and those that these new models need."""
    needed = {STATIC.models[each].provider for each in models}
    needed |= {place.provider for each in models for place in STATIC.models[each].deployments}
    there = set(Provider.objects.values_list("name", flat=True))
    return sorted((STATIC.providers.keys() - history.ever_named(Provider, "name") | needed) - there)


def _without_lost_successors(bundle: tables.Facts) -> tables.Facts:
    """A new model whose successor staff deleted has none."""
    models = bundle["models"]
    for facts in models.values():
        if facts["successor"] not in models:
            facts["successor"] = ""
    return bundle
