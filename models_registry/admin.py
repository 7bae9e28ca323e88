"""The catalogue's pages for staff."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from models_registry import catalogue
from models_registry.choices import CapabilityChoice
from models_registry.models import Deployment, Model, Price, Provider, Release, Rollout


def tokens(count: int) -> str:
    """128000 as 128K, 1048576 as 1M."""
    if count >= 1_000_000:
        return f"{count / 1_000_000:.3g}M"
    return f"{count / 1_000:.3g}K" if count >= 1_000 else str(count)


class ReadOnly:
    """A page to look at."""

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


@admin.register(Provider)
class ProviderAdmin(ModelAdmin):
    publish = staticmethod(catalogue.publish)
    list_display = ["title", "name", "protocol", "base_url", "credential_env", "is_local", "is_zero_retention"]
    list_filter = ["protocol", "is_local", "is_zero_retention"]
    search_fields = ["name", "title"]


class DeploymentInline(TabularInline):
    model = Deployment
    extra = 0
    fields = ["provider", "upstream_model", "position", "status"]
    show_change_link = True
    verbose_name_plural = "Deployments: where it is served, the lowest order first"


class CapabilityFilter(admin.SimpleListFilter):
    title = "capability"
    parameter_name = "capability"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Any:
        return [*CapabilityChoice.choices, ("reasoning", "Reasoning")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        if self.value() == "reasoning":
            return queryset.filter(supports_reasoning=True)
        return queryset.filter(capabilities__contains=[self.value()]) if self.value() else queryset


@admin.register(Model)
class ModelAdmin_(ModelAdmin):
    publish = staticmethod(catalogue.publish)
    list_display = ["known_as", "price", "window", "can", "state"]
    list_filter = [
        ("provider", RelatedDropdownFilter), CapabilityFilter, ("speed_tier", ChoicesDropdownFilter), "is_available",
        "is_internal_only", "is_experimental",
    ]  # fmt: skip
    list_filter_submit = True
    search_fields = ["identifier", "name", "best_for"]
    autocomplete_fields = ["successor"]
    inlines = [DeploymentInline]
    list_per_page = 50
    fieldsets = [
        (None, {"fields": [("identifier", "provider"), "name", "best_for", "user_description", "description"]}),
        (
            "What it can do",
            {
                "fields": [
                    ("context_window", "max_output"),
                    "capabilities",
                    ("supports_reasoning", "speed_tier"),
                    "knowledge_cutoff",
                    "source",
                ]
            },
        ),
        (
            "Who may use it, and until when",
            {
                "fields": [
                    ("is_available", "is_internal_only"),
                    ("is_pro", "is_experimental"),
                    ("deprecated_from", "successor"),
                ]
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        models: QuerySet[Model] = super().get_queryset(request)
        return models.prefetch_related("deployments__prices")

    @display(description="Model", header=True, ordering="identifier")
    def known_as(self, row: Model) -> list[str]:
        return [row.name, row.identifier]

    @display(description="USD per 1M in / out")
    def price(self, row: Model) -> str:
        now = datetime.now(UTC)
        for deployment in row.deployments.all():
            for price in reversed(deployment.prices.all()):
                if price.effective_from <= now and price.input is not None and price.output is not None:
                    return f"{price.input.normalize():f} / {price.output.normalize():f}"
        return "no price"

    @display(description="Window", ordering="context_window")
    def window(self, row: Model) -> str:
        return tokens(row.context_window)

    @display(description="Can")
    def can(self, row: Model) -> str:
        marks = [*row.capabilities, *(["reasoning"] if row.supports_reasoning else [])]
        shown = [(mark.replace("_", " "),) for mark in marks if mark != "streaming"]
        badge = '<span class="rh-badge">{}</span>'
        return format_html('<span class="rh-badges">{}</span>', format_html_join("", badge, shown))

    @display(
        description="State",
        label={"available": "success", "deprecated": "warning", "unavailable": "danger", "internal": "info"},
    )
    def state(self, row: Model) -> str:
        if row.deprecated_from and row.deprecated_from <= datetime.now(UTC).date():
            return "deprecated"
        if not row.is_available:
            return "unavailable"
        return "internal" if row.is_internal_only else "available"


class PriceInline(StackedInline):
    """Rows are added, never edited: the past keeps its prices."""

    model = Price
    extra = 0
    fields = [
        ("effective_from", "source", "dated"), ("input", "output"), ("cache_read", "cache_write"),
        ("audio_input", "audio_output"), "tiers",
    ]  # fmt: skip

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


@admin.register(Deployment)
class DeploymentAdmin(ModelAdmin):
    publish = staticmethod(catalogue.publish)
    list_display = ["model", "provider", "upstream_model", "position", "status"]
    list_filter = [("provider", RelatedDropdownFilter), "status"]
    list_filter_submit = True
    search_fields = ["model__identifier", "upstream_model"]
    autocomplete_fields = ["model"]
    inlines = [PriceInline]


@admin.register(Release)
class ReleaseAdmin(ReadOnly, ModelAdmin):
    list_display = ["named", "reason", "author", "created_at", "is_live"]
    list_filter = ["line"]
    fields = ["line", "number", "digest", "author", "reason", "created_at", "bundle"]

    @display(description="Release", ordering="number")
    def named(self, row: Release) -> str:
        return str(row)

    @display(description="Live", label={"live": "success"})
    def is_live(self, row: Release) -> str:
        return "live" if Rollout.objects.filter(line=row.line, stable=row.number).exists() else ""
