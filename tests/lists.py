"""Where every list is, in the admin and in the API."""

from typing import Any

from django.contrib import admin
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator

ONE_ROW = {"autorouter.routerconfiguration"}
"""Its list leads to the page of its one row."""
RECORDS = "/admin/analytics/record/"


def of_the_admin() -> dict[str, str]:
    """The address of each table's list."""
    reverse("admin:index")
    found = {table._meta.label_lower: table._meta for table in admin.site._registry}
    return {
        label: reverse(f"admin:{each.app_label}_{each.model_name}_changelist")
        for label, each in found.items()
        if label not in ONE_ROW
    }


def of_the_api() -> list[str]:
    """The address of everything that is read without naming a row."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return [path for path, verbs in schema["paths"].items() if "get" in verbs and "{" not in path]
