"""The router's pages for staff."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelect2MultipleWidget, UnfoldAdminTextareaWidget

from autorouter.configuration import policies, save
from autorouter.decision.ordering import shifted
from autorouter.models import (
    Policy,
    PolicyShift,
    Preferences,
    Profile,
    ProfileScore,
    RouterConfiguration,
    Session,
    TaskType,
)
from autorouter.people import preferences
from models_registry.admin.models import PANELS
from models_registry.catalogue.compiler import provider_names
from routerhub.audit.pages import author
from routerhub.releases.errors import InvalidRelease


def scores_panel(model: str) -> SafeString:
    """The profile of a model, for the model's own page."""
    profile = Profile.objects.filter(model=model).prefetch_related("scores").first()
    scores = profile.scores.all() if profile else []
    return render_to_string("autorouter/scores.html", {"profile": profile, "scores": scores})


PANELS.append(scores_panel)
RULE_PANELS: list[Callable[[Preferences], SafeString]] = []
"""What apps above this one show below a user's rules: what each did over recent traffic."""


@admin.register(RouterConfiguration)
class RouterConfigurationAdmin(ModelAdmin):
    """Registered for its permissions and its history: the values are changed on the tuning page."""

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def changelist_view(self, _request: HttpRequest, _extra_context: Any = None) -> HttpResponse:
        return redirect("admin:tuning")

    def change_view(self, _request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        return redirect("admin:tuning")


class ScoreInline(TabularInline):
    model = ProfileScore
    extra = 0
    max_num = 9
    fields = ["dimension", "value", "source", "dated", "is_estimated"]


@admin.register(Profile)
class ProfileAdmin(ModelAdmin):
    publish = staticmethod(save.publish)
    list_display = ["model", "quality", "estimates"]
    search_fields = ["model"]
    inlines = [ScoreInline]
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("scores")

    @display(description="Quality")
    def quality(self, row: Profile) -> str:
        value = next((score.value for score in row.scores.all() if score.dimension == "quality"), None)
        if value is None:
            return "-"
        return format_html(
            '<span class="rh-meter"><span style="width:{}%"></span></span> {}', value, f"{value.normalize():f}"
        )

    @display(description="Estimated scores")
    def estimates(self, row: Profile) -> str:
        scores = row.scores.all()
        return f"{sum(score.is_estimated for score in scores)} of {len(scores)}"


class LinesField(forms.CharField):
    """A list of ids, one a line, in their order."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 6})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != self.to_python(data))


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    model_ids = LinesField(label="Models", help_text="Model ids, one a line; the first is tried first.")


@admin.register(Policy)
class PolicyAdmin(ModelAdmin):
    form = PolicyForm
    publish = staticmethod(save.publish)
    list_display = ["name", "version", "title", "most", "order", "state"]
    list_filter = ["is_active"]
    search_fields = ["name", "title"]
    fieldsets = [
        (None, {"fields": [("name", "version"), "title", "is_active"]}),
        ("Models", {"fields": ["model_ids", "moved"], "description": "The first that can take the request is called."}),
        ("Limits", {"fields": [("max_cost_usd", "max_output_tokens", "temperature")]}),
        (
            "Adjusting the order by performance",
            {
                "fields": [("adjust_most_places", "adjust_min_requests", "adjust_margin")],
                "description": "A model that surely fails more often than the others moves down, a better one up, and "
                "back again, each time as a release of its own.",
            },
        ),
    ]
    readonly_fields = ["moved"]
    actions = ["activate"]

    @action(description="Activate this version in place of the active one", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: Any) -> None:
        for row in queryset:
            try:
                policies.activate(row.name, row.version, author(request), "activated in the admin")
            except (ValidationError, InvalidRelease) as refused:
                messages.error(request, f"{row}: {refused}")
            else:
                messages.success(request, f"{row} is active.")

    @display(description="Most per task", ordering="max_cost_usd")
    def most(self, row: Policy) -> str:
        return "no limit" if row.max_cost_usd is None else f"{row.max_cost_usd.normalize():f} USD"

    @display(description="Order")
    def order(self, row: Policy) -> str:
        shown = row.model_ids[:3]
        return " > ".join(shown) + (f" > {len(row.model_ids) - 3} more" if len(row.model_ids) > 3 else "")

    @display(description="State", label={"active": "success", "inactive": "warning"})
    def state(self, row: Policy) -> str:
        return "active" if row.is_active else "inactive"

    @display(description="Order in use")
    def moved(self, row: Policy) -> SafeString:
        shifts = PolicyShift.objects.filter(policy=row.name) if row.is_active else PolicyShift.objects.none()
        places = {shift.model: shift.places for shift in shifts}
        context = {"order": shifted(row.model_ids, places), "shifts": shifts}
        return render_to_string("autorouter/order.html", context)


@admin.register(PolicyShift)
class PolicyShiftAdmin(ModelAdmin):
    """What performance moved, with its figures. Taking one back is a change like any other."""

    list_display = ["model", "policy", "way", "told", "since"]
    list_filter = ["policy"]
    actions = ["undo"]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    @display(description="Moved", label={"down": "warning", "up": "success"})
    def way(self, row: PolicyShift) -> tuple[str, str]:
        way = "down" if row.places > 0 else "up"
        return way, f"{way} by {abs(row.places)}"

    @display(description="Evidence")
    def told(self, row: PolicyShift) -> str:
        return str(row.evidence.get("told", ""))

    @action(description="Put back to the place that staff wrote", permissions=["change"])
    def undo(self, request: HttpRequest, queryset: Any) -> None:
        for row in queryset:
            policies.undo_shift(row, author(request), "put back in the admin")
            messages.success(request, f"{row.model} is back at its place in {row.policy}.")


@admin.register(TaskType)
class TaskTypeAdmin(ModelAdmin):
    publish = staticmethod(save.publish)
    list_display = ["name", "policy"]


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]
    preferred_providers = forms.MultipleChoiceField(required=False, widget=UnfoldAdminSelect2MultipleWidget)
    blocked_providers = forms.MultipleChoiceField(required=False, widget=UnfoldAdminSelect2MultipleWidget)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name in ("preferred_providers", "blocked_providers"):
            self.fields[name].choices = [(each, each) for each in provider_names()]  # type: ignore[attr-defined]


@admin.register(Preferences)
class PreferencesAdmin(ModelAdmin):
    """One set per user, with an editor for rules that says what each did lately."""

    form = PreferencesForm
    publish = staticmethod(preferences.publish)
    list_display = ["user", "priority", "max_cost_usd", "max_latency_ms", "rule_names"]
    list_filter = ["priority"]
    search_fields = ["user__username"]
    autocomplete_fields = ["user"]
    readonly_fields = ["effects"]
    fieldsets = [
        (None, {"fields": ["user", ("priority", "max_cost_usd", "max_latency_ms"), "daily_alert_usd"]}),
        ("Providers", {"fields": [("preferred_providers", "blocked_providers")]}),
        ("Custom rules", {"fields": ["rules", "effects"]}),
    ]

    class Media:
        js = ["routerhub/rules.js"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "rules":
            options["widget"] = UnfoldAdminTextareaWidget(attrs={"data-rules": "", "rows": 12})
        return super().formfield_for_dbfield(db_field, request, **options)

    @display(description="Rules")
    def rule_names(self, row: Preferences) -> str:
        return ", ".join(str(rule.get("name", "")) for rule in row.rules) or "-"

    @display(description="What they did lately")
    def effects(self, row: Preferences) -> SafeString:
        return SafeString("".join(panel(row) for panel in RULE_PANELS)) if row.pk else SafeString("-")


@admin.register(Session)
class SessionAdmin(ModelAdmin):
    """Conversations. Deleting one forgets its model."""

    list_display = ["name", "account_id", "user_id", "model", "requests", "priority", "policy", "last_activity_at"]
    list_filter = ["priority", "policy"]
    search_fields = ["name", "model"]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False
