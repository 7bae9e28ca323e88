"""The catalogue's rows and releases, as the tests of its pages look at them."""

from typing import Any

from django.urls import reverse

from models_registry.catalogue import editing
from models_registry.models import Model
from routerhub.releases import rollout, store
from tests.cast import because

GPT, MINI = "openai:gpt-5", "openai:gpt-5-mini"


def served(identifier: str) -> Any:
    """A model as the live release has it."""
    return store.bundle("catalogue", rollout.pointers()["catalogue"].stable)["models"].get(identifier)


def address(identifier: str, page: str = "change") -> str:
    """Where a page of a model stands."""
    return reverse(f"admin:models_registry_model_{page}", args=[Model.objects.get(identifier=identifier).pk])


def rename(name: str) -> None:
    """Call GPT-5 something else: the next release."""
    editing.update(GPT, {"name": name}, because(name))
