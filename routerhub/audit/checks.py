"""The system check that no configuration table lacks a history. That of the pages is in page_checks, for the admin site."""

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register
from django.db.models import Model

from routerhub.audit.models import Audited, Fact

OURS = ("models_registry", "budgets", "autorouter", "analytics", "experiments", "releases", "audit")
"""Labels of the apps whose tables are looked at."""


def _tables() -> list[type[Model]]:
    return [model for label in OURS for model in apps.get_app_config(label).get_models()]


@register()
def tables_are_audited_or_facts(**_: Any) -> list[CheckMessage]:
    """Every table says what it is."""
    return [
        Error(
            f"{model._meta.label} is neither Audited nor a Fact.",
            hint="Derive it from routerhub.audit.models.Audited where people change it, else from Fact.",
            obj=model,
            id="audit.E001",
        )
        for model in _tables()
        if not issubclass(model, Audited | Fact)
        and not model._meta.label_lower.rpartition(".")[2].startswith("historical")
    ]
