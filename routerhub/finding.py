"""What Ctrl K finds in the admin: pages and rows by name, requests by id. Each by permission."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from analytics.requests.by_id import beginning_with
from routerhub import navigation
from routerhub.audit.viewing import ViewedAdmin

TABLES = (
    ("models_registry.model", "deployed_code"), ("models_registry.provider", "dns"), ("budgets.account", "corporate_fare"),
    ("budgets.apikey", "key"), ("auth.user", "person"),
)  # fmt: skip
"""Tables whose rows are found by what their lists search in, with an icon."""
MAX_OF_A_KIND, MAX_CHARS = 6, 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One thing, with where it is."""

    title: str
    description: str
    link: str
    icon: str


def find(request: HttpRequest, text: str) -> list[Found]:
    """Everything that fits a text, pages first; nothing for an empty one."""
    words = text.strip()[:MAX_CHARS]
    return [*_pages(request, words), *_rows(request, words), *_requests(request, words)] if words else []


def _pages(request: HttpRequest, text: str) -> Iterator[Found]:
    wanted = text.lower().split()
    for place, title, link in navigation.pages(request):
        if all(word in f"{place} {title}".lower() for word in wanted):
            yield Found(title=title, description=place, link=link, icon="web_asset")


def _rows(request: HttpRequest, text: str) -> Iterator[Found]:
    for label, icon in TABLES:
        model = apps.get_model(label)
        page: Any = admin.site._registry[model]
        if not page.has_view_permission(request):
            continue
        rows, _ = page.get_search_results(request, page.get_queryset(request), text)
        step = "view" if isinstance(page, ViewedAdmin) else "change"
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{step}"
        for row in rows[:MAX_OF_A_KIND]:
            kind = capfirst(str(model._meta.verbose_name))
            yield Found(title=str(row), description=kind, link=reverse(name, args=[row.pk]), icon=icon)


def _requests(request: HttpRequest, text: str) -> Iterator[Found]:
    if not request.user.has_perm("analytics.view_record"):
        return
    for row in beginning_with(text, MAX_OF_A_KIND):
        link = reverse("admin:analytics_record_change", args=[row.pk])
        told = f"Request · {row.model or row.requested_model} · {row.created_at:%Y-%m-%d %H:%M} UTC"
        yield Found(title=str(row.pk), description=told, link=link, icon="receipt_long")
