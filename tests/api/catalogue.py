"""The catalogue behind the API, as the tests look at it."""

from typing import Any

from models_registry.catalogue import bundles as catalogue_bundles
from models_registry.catalogue.release0 import STATIC
from routerhub.releases import rollout, store

GPT, MINI = "openai:gpt-5", "openai:gpt-5-mini"
STATIC_GPT: Any = catalogue_bundles.to_bundle(STATIC)["models"][GPT]


def served(identifier: str) -> Any:
    live = rollout.pointers()["catalogue"].stable
    return store.bundle("catalogue", live)["models"].get(identifier)
