"""Models: the list that finds one among hundreds, and the page with prices, places and scores."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.contrib.inlines.admin import NonrelatedStackedInline
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminExpandableTextareaWidget,
)

from models_registry.admin.display import TellsOfWaitingPrices, badges, price_history, price_now, tokens
from models_registry.admin.pages import DeprecatePage, DuplicatePage
from models_registry.choices import CapabilityChoice, ModelKind
from models_registry.circuits import rows as circuits
from models_registry.filters import search
from models_registry.models import Deployment, Model, Price
from models_registry.prices.quarantine import rate
from routerhub.audit.admin import ON_ONE_LINE, AuditedAdmin, ReasonForm, RowForm, TakesPartsAlong
from routerhub.audit.viewing import ViewedAdmin

PANELS: list[Callable[[str], SafeString]] = []
"""What apps above this one show on a model's page, by its id: the router adds the profile scores."""


class DeploymentInline(TabularInline):
    model = Deployment
    form = RowForm
    formfield_overrides = ON_ONE_LINE
    extra = 0
    fields = ["provider", "upstream_model", "position", "status", "regions"]
    show_change_link = True
    verbose_name_plural = "Deployments: where it is served, the lowest order first"


class ModelForm(ReasonForm):
    capabilities = forms.MultipleChoiceField(
        choices=CapabilityChoice.choices, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        widgets: ClassVar = dict.fromkeys(("user_description", "description"), UnfoldAdminExpandableTextareaWidget)


class PriceInline(NonrelatedStackedInline):
    """A price of one of the model's deployments. Rows are added, never edited: the past keeps its prices."""

    model = Price
    form = RowForm
    extra = 0
    max_num = 1
    verbose_name_plural = "New price"
    fields = [
        ("deployment", "effective_from"), ("source", "dated"), ("input", "output"),
        ("cache_read", "cache_write", "cache_write_1h"),
        ("audio_input", "audio_output"), ("reasoning", "requests", "web_searches"), "tiers",
    ]  # fmt: skip

    def get_form_queryset(self, obj: Model) -> QuerySet[Price]:
        return Price.objects.none()

    def save_new_instance(self, parent: Model, instance: Price) -> None:
        if not instance.deployment_id:
            instance.deployment = parent.deployments.order_by("position")[0]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "deployment":
            model_id = request.resolver_match.kwargs.get("object_id") if request.resolver_match else None
            options["queryset"] = Deployment.objects.filter(model=model_id).select_related("model")
            options |= {"required": False, "empty_label": "the first one"}
        return super().formfield_for_foreignkey(db_field, request, **options)

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


class CapabilityFilter(admin.SimpleListFilter):
    title = "capability"
    parameter_name = "capability"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Any:
        return [*CapabilityChoice.choices, ("reasoning", "Reasoning")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        if self.value() == "reasoning":
            return queryset.filter(supports_reasoning=True)
        return queryset.filter(capabilities__contains=[self.value()]) if self.value() else queryset


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Any:
        return [("choosable", "Can be chosen"), ("deprecated", "Deprecated"), ("unpriced", "Without a price"),
                ("waiting", "A price waits for approval")]  # fmt: skip

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        now = datetime.now(UTC)
        deprecated = queryset.filter(deprecated_from__lte=now.date())
        priced = Price.objects.filter(waits_because="", effective_from__lte=now).values("deployment__model")
        match self.value():
            case "deprecated":
                return deprecated
            case "unpriced":
                return queryset.exclude(pk__in=priced)
            case "waiting":
                return queryset.filter(deployments__prices__waits_because__gt="").distinct()
            case "choosable":
                return queryset.filter(is_available=True, pk__in=priced).exclude(pk__in=deprecated.values("pk"))
        return queryset


@admin.register(Model)
class ModelAdmin_(ViewedAdmin, TakesPartsAlong, TellsOfWaitingPrices, AuditedAdmin):
    form = ModelForm
    view_template = "models_registry/model.html"
    dimension = "model"
    list_display = ["known_as", "price", "window", "can", "served", "recent_success", "recent_p95", "state"]
    figures = ("price", "window", *ViewedAdmin.figures)
    on_phone = ("known_as", "price", "served", "state")
    list_filter = [
        ("provider", RelatedDropdownFilter), CapabilityFilter, StateFilter, ("speed_tier", ChoicesDropdownFilter),
        "kind",         "is_pro", "is_internal_only", "is_experimental",
    ]  # fmt: skip
    actions_detail = ["duplicate", "deprecate"]
    readonly_fields = ["shown_prices", "shown_benchmarks", "panels"]
    list_filter_submit = True
    search_fields = ["identifier", "name", "best_for"]
    search_help_text = "Words in the id, the name, the aliases, what it is best for or its description"
    autocomplete_fields = ["successor"]
    inlines = [DeploymentInline, PriceInline]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("identifier", "provider"),
                    ("name", "kind"),
                    "aliases",
                    "best_for",
                    "user_description",
                    "description",
                ]
            },
        ),
        (
            "What it can do",
            {
                "fields": [
                    ("context_window", "max_output"),
                    "capabilities",
                    ("supports_reasoning", "speed_tier"),
                    "knowledge_cutoff",
                    "source",
                    "benchmarks",
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
        ("Prices", {"fields": ["shown_prices"], "classes": ["rh-wide"]}),
        ("Benchmarks", {"fields": ["shown_benchmarks"], "classes": ["rh-wide"]}),
        ("Scores", {"fields": ["panels"], "classes": ["rh-wide"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A model that is being added has no prices, benchmarks and scores to show yet."""
        shown = super().get_fieldsets(request, obj)
        return shown if obj else [each for each in shown if each[0] not in {"Prices", "Benchmarks", "Scores"}]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        return search(queryset, search_term), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        models: QuerySet[Model] = super().get_queryset(request)
        return models.prefetch_related("deployments__prices")

    @display(description="Model", header=True, ordering="identifier")
    def known_as(self, row: Model) -> list[str]:
        return [row.name, row.identifier]

    @display(description="Per 1M tokens, in / out")
    def price(self, row: Model) -> str:
        for deployment in row.deployments.all():
            price = price_now(deployment.prices.all())
            if price and price.input is not None and price.output is not None:
                return f"{rate(price.input)} / {rate(price.output)}"
            if price and price.input is not None and row.kind == ModelKind.EMBEDDING:
                return f"{rate(price.input)} in"
        return "no price"

    @display(description="Window", ordering="context_window")
    def window(self, row: Model) -> str:
        return tokens(row.context_window)

    @display(description="Can")
    def can(self, row: Model) -> str:
        marks = [*row.capabilities, *(["reasoning"] if row.supports_reasoning else [])]
        return badges(mark.replace("_", " ") for mark in marks if mark != "streaming")

    @display(description="Served by")
    def served(self, row: Model) -> str:
        return badges(place.provider_id for place in row.deployments.all())

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

    def named(self, row: Model) -> str:
        return row.identifier

    def shown(self, row: Model) -> dict[str, Any]:
        places = circuits.standing(row.deployments.select_related("provider", "probe").order_by("position"))
        return {
            "price": self.price(row), "state": self.state(row), "places": places, "prices": self.shown_prices(row),
            "benchmarks": self.shown_benchmarks(row), "profile": self.panels(row), "window": self.window(row),
            "can": self.can(row),
        }  # fmt: skip

    @display(description="Price history")
    def shown_prices(self, row: Model) -> SafeString:
        return price_history(list(row.deployments.all()))

    @display(description="By others")
    def shown_benchmarks(self, row: Model) -> SafeString:
        return render_to_string("models_registry/benchmarks.html", {"benchmarks": sorted(row.benchmarks.items())})

    @display(description="Profile")
    def panels(self, row: Model) -> SafeString:
        return SafeString("".join(panel(row.identifier) for panel in PANELS))

    def has_duplicate_permission(self, request: HttpRequest, _object_id: Any = None) -> bool:
        return bool(self.has_add_permission(request))

    @action(description="Duplicate", url_path="duplicate", permissions=["duplicate"])
    def duplicate(self, request: HttpRequest, object_id: int) -> HttpResponseBase:
        return DuplicatePage.as_view()(request, object_id=object_id)

    @action(description="Deprecate", url_path="deprecate", permissions=["change"])
    def deprecate(self, request: HttpRequest, object_id: int) -> HttpResponseBase:
        return DeprecatePage.as_view()(request, object_id=object_id)
