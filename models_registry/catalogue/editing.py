"""Changes to the catalogue as a whole: add, edit, copy, deprecate, delete. One place for the admin, the API and commands.

Each is an edit of the bundle, checked by the rules of every release, written to the tables and published.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.db import transaction

from models_registry.catalogue import compiler, tables
from models_registry.catalogue.bundles import MODEL_TYPES
from models_registry.errors import InvalidCatalogue
from routerhub.audit.change import Change
from routerhub.releases import store
from routerhub.releases.errors import InvalidRelease

Bundle = dict[str, Any]
DEFAULTS: Mapping[str, Any] = {
    "kind": "chat", "aliases": [], "description": "", "user_description": "", "best_for": "", "capabilities": ["streaming"],
    "supports_reasoning": False, "knowledge_cutoff": "", "benchmarks": {}, "speed_tier": "standard", "is_pro": False,
    "is_internal_only": False, "is_experimental": False, "is_available": True, "deprecated_from": None,
    "successor": "", "source": "", "deployments": [],
}  # fmt: skip
REQUIRED = ("name", "context_window", "max_output")


@transaction.atomic
def edit(alter: Callable[[Bundle], None], change: Change, trusts_prices: bool = False) -> int:
    """Alter the catalogue's bundle, write and publish it. Raises InvalidRelease; nothing is written then."""
    bundle = compiler.compile_bundle()
    alter(bundle)
    tables.write(bundle, change, trusts_prices)
    return store.publish(compiler.LINE, change)


def _edit_model(identifier: str, alter: Callable[[Bundle], None], change: Change, trusts_prices: bool = False) -> int:
    """`edit` for one model: its problems are told by its own fields, as they were sent."""
    try:
        return edit(alter, change, trusts_prices)
    except InvalidRelease as invalid:
        own = f"models.{identifier}."
        raise InvalidCatalogue({path.removeprefix(own): told for path, told in invalid.problems.items()}) from invalid


def add(identifier: str, facts: Mapping[str, Any], change: Change) -> int:
    """A new model with its deployments and prices. Raises InvalidRelease."""

    def alter(bundle: Bundle) -> None:
        if identifier in bundle["models"]:
            raise InvalidRelease({"id": f"there is a model {identifier!r} already."})
        _demand_known(facts)
        if missing := [name for name in REQUIRED if facts.get(name) in (None, "")]:
            raise InvalidRelease(dict.fromkeys(missing, "this field is required."))
        bundle["models"][identifier] = {**DEFAULTS, "provider": identifier.partition(":")[0], **facts}

    return _edit_model(identifier, alter, change)


def update(identifier: str, facts: Mapping[str, Any], change: Change) -> int:
    """Other values for some fields of a model. `deployments`, where given, are all that it then has. Raises InvalidRelease."""

    def alter(bundle: Bundle) -> None:
        _demand_known(facts)
        _model(bundle, identifier).update(facts)

    return _edit_model(identifier, alter, change)


def duplicate(identifier: str, new: str, change: Change) -> int:
    """A copy of a model under another id, with its deployments and prices, without its aliases. Raises InvalidRelease.

    What somebody approved of the original's prices counts for the copy too.
    """

    def alter(bundle: Bundle) -> None:
        original = _model(bundle, identifier)
        if new in bundle["models"]:
            raise InvalidRelease({"id": f"there is a model {new!r} already."})
        name = f"{original['name']} (copy)"
        own = {"name": name, "provider": new.partition(":")[0], "aliases": [], "benchmarks": {}}
        bundle["models"][new] = {**original, **own}

    return _edit_model(new, alter, change, trusts_prices=True)


def deprecate(identifier: str, from_day: date, successor: str, change: Change) -> int:
    """From that day on the model is no longer chosen; who names it is told the successor. Raises InvalidRelease."""

    def alter(bundle: Bundle) -> None:
        if successor == identifier:
            raise InvalidRelease({"successor": f"{successor!r} cannot follow itself."})
        _model(bundle, identifier).update(deprecated_from=from_day.isoformat(), successor=successor)

    return _edit_model(identifier, alter, change)


def remove(identifier: str, change: Change) -> int:
    """Delete a model; the history keeps it, and it can be restored. Raises InvalidRelease."""

    def alter(bundle: Bundle) -> None:
        _model(bundle, identifier)
        del bundle["models"][identifier]
        for facts in bundle["models"].values():
            if facts["successor"] == identifier:
                facts["successor"] = ""

    return _edit_model(identifier, alter, change)


def _model(bundle: Bundle, identifier: str) -> Bundle:
    if identifier not in bundle["models"]:
        raise InvalidRelease({"id": f"there is no model {identifier!r}."})
    found: Bundle = bundle["models"][identifier]
    return found


def _demand_known(facts: Mapping[str, Any]) -> None:
    allowed = {*MODEL_TYPES, "deprecated_from"}
    if unknown := sorted(facts.keys() - allowed):
        raise InvalidRelease(dict.fromkeys(unknown, f"unknown field. Allowed: {', '.join(sorted(allowed))}."))
