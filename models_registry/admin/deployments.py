"""Providers, deployments and their prices."""

import os
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, StackedInline
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from models_registry import provider_keys
from models_registry.admin.display import TellsOfWaitingPrices
from models_registry.circuits import rows as circuits
from models_registry.models import Circuit, Deployment, Price, Provider, ProviderKey
from models_registry.prices import rows
from models_registry.prices.quarantine import rate
from routerhub.audit.admin import ON_ONE_LINE, AuditedAdmin, FactAdmin, ReasonForm, RowForm, TakesPartsAlong, asks_why
from routerhub.audit.change import Change
from routerhub.audit.viewing import NOTHING, ViewedAdmin


class SecretInput(UnfoldAdminTextInputWidget):
    """Never filled in, whatever a form has."""

    input_type = "password"

    def get_context(self, name: str, _value: Any, attrs: Any) -> Any:
        return super().get_context(name, None, {**(attrs or {}), "autocomplete": "new-password"})


@admin.register(Provider)
class ProviderAdmin(ViewedAdmin, AuditedAdmin):
    view_template = "models_registry/provider.html"
    dimension = "provider"
    list_display = [
        "known_as",
        "key",
        "places",
        "recent_success",
        "recent_p95",
        "protocol",
        "is_local",
        "is_zero_retention",
    ]
    list_filter = ["protocol", "is_local", "is_zero_retention"]
    search_fields = ["name", "title"]
    figures = ("places", *ViewedAdmin.figures)
    on_phone = ("known_as", "recent_success", "places", "key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Provider]:
        rows = ProviderKey.objects.filter(provider=OuterRef("name"), is_enabled=True)
        found: QuerySet[Provider] = super().get_queryset(request)
        return found.annotate(has_key=Exists(rows), deployment_count=Count("deployments"))

    @display(description="Provider", header=True, ordering="title")
    def known_as(self, row: Provider) -> list[str]:
        return [row.title, row.name]

    @display(description="Key", label={"set": "success", "not set": "warning", "none needed": "info"})
    def key(self, row: Any) -> str:
        if not row.credential_env:
            return "none needed"
        return "set" if row.has_key or os.environ.get(row.credential_env) else "not set"

    @display(description="Deployments", ordering="deployment_count")
    def places(self, row: Any) -> int:
        return int(row.deployment_count)

    def named(self, row: Provider) -> str:
        return row.name

    def shown(self, row: Provider) -> dict[str, Any]:
        places = circuits.standing(row.deployments.select_related("model", "probe").order_by("model__identifier"))
        keys = provider_keys.with_circuit(ProviderKey.objects.filter(provider=row).select_related("provider"))
        return {"key": self.key(row), "places": places, "keys": keys.order_by("position", "pk")}


class ProviderKeyForm(ReasonForm):
    """The secret is written and never read: empty keeps the one there is."""

    secret = forms.CharField(required=False, max_length=provider_keys.MAX_SECRET, strip=True, widget=SecretInput)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        is_new = self.instance.pk is None
        self.fields["secret"].required = is_new
        self.fields["secret"].help_text = "Not shown again." if is_new else "Empty: it stays as it is. Not shown again."

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        secret = cleaned.get("secret")
        if secret and not self.errors:
            # Sealed for provider and label, which are read here before the instance has them.
            row = (
                self.instance if self.instance.pk else ProviderKey(provider=cleaned["provider"], label=cleaned["label"])
            )
            provider_keys.seal(row, secret)
            for name in ("sealed", "origin", "mark", "rotated_at"):
                setattr(self.instance, name, getattr(row, name))
        return cleaned


@admin.register(ProviderKey)
class ProviderKeyAdmin(AuditedAdmin):
    form = ProviderKeyForm
    list_display = ["label", "provider", "origin", "position", "is_enabled", "rotated_at", "state"]
    list_filter = [("provider", RelatedDropdownFilter), "is_enabled"]
    list_select_related = ["provider"]
    search_fields = ["label", "provider__name"]
    fields = ["provider", "label", "secret", "position", "is_enabled"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderKey]:
        return provider_keys.with_circuit(super().get_queryset(request))

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> list[str]:
        return ["provider", "label"] if obj else []

    @display(description="State", label={"in use": "success", "out": "danger", "disabled": "info"})
    def state(self, row: ProviderKey) -> tuple[str, str]:
        if not row.is_enabled:
            return "disabled", "disabled"
        if provider_keys.is_for_another_address(row):
            return "out", "out: its provider has another address since, so it must be given anew"
        told = circuits.told(row)
        return ("out", f"out {told}") if told else ("in use", "in use")


class PriceInline(StackedInline):
    """Rows are added, never edited: the past keeps its prices."""

    model = Price
    form = RowForm
    extra = 0
    fields = [
        ("effective_from", "source", "dated"), ("input", "output"), ("cache_read", "cache_write", "cache_write_1h"),
        ("audio_input", "audio_output"), ("reasoning", "requests", "web_searches"), "tiers",
    ]  # fmt: skip

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


@admin.register(Deployment)
class DeploymentAdmin(TakesPartsAlong, TellsOfWaitingPrices, AuditedAdmin):
    formfield_overrides = ON_ONE_LINE
    list_display = [
        "model", "provider", "upstream_model", "known_regions", "position", "set_manually", "found_by_check", "circuit",
    ]  # fmt: skip
    list_filter = [("provider", RelatedDropdownFilter), "status", "probe__status"]
    list_filter_submit = True
    list_select_related = ["model", "provider", "probe"]
    search_fields = ["model__identifier", "upstream_model"]
    autocomplete_fields = ["model"]
    inlines = [PriceInline]

    @display(description="Regions")
    def known_regions(self, row: Deployment) -> str:
        return ", ".join(row.regions) or "unknown"

    @display(
        description="Set manually", ordering="status",
        label={"available": "success", "degraded": "warning", "down": "danger"},
    )  # fmt: skip
    def set_manually(self, row: Deployment) -> str:
        return row.status

    @display(description="Found by check", label={"available": "success", "degraded": "warning", "down": "danger"})
    def found_by_check(self, row: Deployment) -> str:
        probe = getattr(row, "probe", None)
        return probe.status if probe else "not checked"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Deployment]:
        return circuits.with_circuit(super().get_queryset(request))

    @display(description="Circuit", label={"closed": "success", "open": "danger"})
    def circuit(self, row: Deployment) -> tuple[str, str]:
        told = circuits.told(row)
        return ("open", f"open {told}") if told else ("closed", "closed")


@admin.register(Circuit)
class CircuitAdmin(FactAdmin):
    """What is not called for a while. Deleting one closes it: calls go through again at once."""

    list_display = ["subject", "since", "until", "times", "is_limit", "reason"]
    list_filter = ["is_limit"]
    search_fields = ["subject", "reason"]

    def get_queryset(self, _request: HttpRequest) -> QuerySet[Circuit]:
        return circuits.living()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(ModelAdmin.has_delete_permission(self, request, obj))

    def delete_model(self, _request: HttpRequest, obj: Circuit) -> None:
        circuits.close([obj.subject])

    def delete_queryset(self, _request: HttpRequest, queryset: QuerySet[Circuit]) -> None:
        circuits.close(queryset.values_list("subject", flat=True))


class WaitsFilter(admin.SimpleListFilter):
    title = "approval"
    parameter_name = "waits"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Any:
        return [("yes", "Waits for approval"), ("no", "Applies")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Price]) -> QuerySet[Price]:
        if self.value() == "yes":
            return queryset.exclude(waits_because="")
        return queryset.filter(waits_because="") if self.value() == "no" else queryset


@admin.register(Price)
class PriceAdmin(TellsOfWaitingPrices, AuditedAdmin):
    """Every price row; those in doubt are approved or rejected here. None is edited."""

    list_display = ["deployment", "effective_from", "in_out", "state", "source", "dated"]
    figures = ("in_out",)
    on_phone = ("deployment", "in_out", "source", "state")
    list_filter = [WaitsFilter, ("deployment__provider", RelatedDropdownFilter)]
    list_select_related = ["deployment__model"]
    search_fields = ["deployment__model__identifier", "deployment__upstream_model", "source"]
    ordering = ["-effective_from"]
    actions = ["approve_prices", "reject_prices"]
    autocomplete_fields = ["deployment"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    @display(description="Per 1M tokens, in / out")
    def in_out(self, row: Price) -> str:
        return " / ".join(NOTHING if value is None else rate(value) for value in (row.input, row.output))

    @display(description="State", label={"in force": "success", "coming": "info", "waits": "warning"})
    def state(self, row: Price) -> tuple[str, str]:
        if row.waits_because:
            return "waits", f"waits: {row.waits_because}"
        return ("coming", "coming") if row.effective_from > datetime.now(UTC) else ("in force", "in force")

    @action(description="Approve these prices", permissions=["change"])
    @asks_why
    def approve_prices(self, request: HttpRequest, prices: QuerySet[Price], change: Change) -> None:
        self._decide(request, prices, change, rows.approve, "Approved")

    @action(description="Reject these prices: those that wait are deleted", permissions=["change"])
    @asks_why
    def reject_prices(self, request: HttpRequest, prices: QuerySet[Price], change: Change) -> None:
        self._decide(request, prices, change, rows.reject, "Rejected")

    def _decide(self, request: HttpRequest, prices: QuerySet[Price], change: Change, decide: Any, done: str) -> None:
        for row in prices.select_related("deployment__model"):
            name = str(row)
            try:
                decide(row, change)
            except ValidationError as refused:
                messages.error(request, " ".join(refused.messages))
            else:
                messages.success(request, f"{done}: {name}.")
