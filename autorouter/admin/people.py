"""What belongs to people: their preferences, and the conversations under way."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelect2MultipleWidget, UnfoldAdminTextareaWidget

from autorouter.choices import PriorityChoice
from autorouter.models import Policy, Preferences, Session
from autorouter.people import preference_sets
from models_registry.catalogue.compiler import provider_names
from routerhub.audit.admin import AuditedAdmin, FactAdmin, ReasonForm, asks_why, known_values
from routerhub.audit.change import Change, change_by

RULE_PANELS: list[Callable[[Preferences], SafeString]] = []
"""What apps above this one show below a user's rules: what each did over recent traffic."""


class Picker(UnfoldAdminSelect2MultipleWidget):
    """A list to choose several of, with a search. Its choices are on the page: the class `admin-autocomplete`, which Unfold
    gives it too, would have Django's script ask the page's own address for them."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.attrs["class"] = "unfold-admin-autocomplete"


class PreferencesForm(ReasonForm):
    preferred_providers = forms.MultipleChoiceField(required=False, widget=Picker)
    blocked_providers = forms.MultipleChoiceField(required=False, widget=Picker)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        there = provider_names()
        for name in ("preferred_providers", "blocked_providers"):
            names = sorted({*there, *getattr(self.instance, name)})
            self.fields[name].choices = [(each, each) for each in names]  # type: ignore[attr-defined]


@admin.register(Preferences)
class PreferencesAdmin(AuditedAdmin):
    """The sets of users and accounts, with an editor for rules that says what each did lately."""

    form = PreferencesForm
    list_display = ["name", "user", "account", "is_active", "priority", "max_cost_usd", "max_latency_ms", "rule_names"]
    list_filter = ["priority", "is_active"]
    list_select_related = ["user", "account"]
    search_fields = ["name", "user__username", "account__slug"]
    autocomplete_fields = ["user", "account"]
    readonly_fields = ["is_active", "effects"]
    actions = ["make_active"]
    fieldsets = [
        (None, {"fields": [("user", "account"), ("name", "is_active")]}),
        ("Priority and limits", {"fields": [("priority", "max_cost_usd", "max_latency_ms"), "daily_alert_usd"]}),
        ("Providers", {"fields": [("preferred_providers", "blocked_providers")]}),
        ("Custom rules", {"fields": ["rules", "effects"]}),
    ]

    class Media:
        js = ["routerhub/rules.js"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "rules":
            options["widget"] = UnfoldAdminTextareaWidget(attrs={"data-rules": "", "rows": 12})
        return super().formfield_for_dbfield(db_field, request, **options)

    def save_model(self, request: HttpRequest, obj: Preferences, form: Any, change: bool) -> None:
        if not change:
            obj.is_active = not obj.others().exists()
        super().save_model(request, obj, form, change)

    def delete_queryset(self, request: HttpRequest, queryset: Iterable[Any]) -> None:
        change = change_by(request, request.POST["reason"].strip())
        for row in sorted(queryset, key=lambda each: each.is_active):
            preference_sets.delete(row, change)

    @action(description="Make active: they count from the next request on", permissions=["change"])
    @asks_why
    def make_active(self, request: HttpRequest, rows: QuerySet[Preferences], change: Change) -> None:
        for row in rows:
            preference_sets.activate(row, change)
            messages.success(request, f"{row} counts from the next request on.")

    @display(description="Rules")
    def rule_names(self, row: Preferences) -> str:
        return ", ".join(str(rule.get("name", "")) for rule in row.rules) or "-"

    @display(description="What they did lately")
    def effects(self, row: Preferences) -> SafeString:
        return SafeString("".join(panel(row) for panel in RULE_PANELS)) if row.pk else SafeString("-")


def _policies() -> list[str]:
    return list(Policy.objects.order_by("name").values_list("name", flat=True).distinct())


@admin.register(Session)
class SessionAdmin(FactAdmin):
    """Conversations. Deleting one forgets its model."""

    list_display = ["name", "account_id", "user_id", "model", "requests", "priority", "policy", "last_activity_at"]
    list_filter = [("priority", known_values(lambda: PriorityChoice.values)), ("policy", known_values(_policies))]
    sortable_by = ()
    search_fields = ["name", "model"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(ModelAdmin.has_delete_permission(self, request, obj))
