"""System checks: no configuration table without a history, no page that changes one without asking why."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.checks import CheckMessage, Error, register
from django.db.models import Model

from routerhub.audit.admin import AuditedAdmin
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


@register()
def pages_of_audited_tables_ask_why(**_: Any) -> list[CheckMessage]:
    """Every admin page of an audited table keeps author and reason."""
    return [
        Error(
            f"The admin page of {model._meta.label} is no AuditedAdmin, so that it would change rows without a reason.",
            hint="Put routerhub.audit.admin.AuditedAdmin first among its bases.",
            obj=model,
            id="audit.E002",
        )
        for model, page in admin.site._registry.items()
        if issubclass(model, Audited) and not isinstance(page, AuditedAdmin)
    ]
