"""The router's pages for staff."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from autorouter import configuration
from autorouter.models import Policy, Profile, ProfileScore, RouterConfiguration, Session, TaskType
from models_registry.admin.models import PANELS


def scores_panel(model: str) -> SafeString:
    """The profile of a model, for the model's own page."""
    profile = Profile.objects.filter(model=model).prefetch_related("scores").first()
    scores = profile.scores.all() if profile else []
    return render_to_string("autorouter/scores.html", {"profile": profile, "scores": scores})


PANELS.append(scores_panel)
WEIGHTS = [
    tuple(f"weight_{complexity}_{tier}" for tier in ("cheap", "mid", "premium"))
    for complexity in ("simple", "moderate", "complex")
]


@admin.register(RouterConfiguration)
class RouterConfigurationAdmin(ModelAdmin):
    """One row: the list leads straight to it."""

    publish = staticmethod(configuration.publish)
    fieldsets = [
        (
            "Bonuses",
            {
                "fields": [("stickiness_bonus", "reasoning_bonus", "research_bonus")],
                "description": "Points added to the category score before any factor: for the conversation's previous model, for "
                "reasoning models on complex tasks, for Perplexity on research.",
            },
        ),
        (
            "Complexity",
            {
                "fields": [("simple_penalty", "complex_threshold", "complex_multiplier")],
                "description": "Factors on the sum: the penalty for simple tasks; the multiplier for complex ones, on models "
                "whose quality is at least the threshold.",
            },
        ),
        (
            "Cost tiers",
            {
                "fields": [("cheap_below", "mid_below")],
                "description": "By the mean of input and output price; from the second figure on a model is premium.",
            },
        ),
        ("Tier weights", {"fields": WEIGHTS, "description": "How much each tier counts for each complexity."}),
        ("Speed", {"fields": ["speed_bonuses"], "description": "Points by substring of the model id, added last."}),
        ("Classification", {"fields": [("router_model", "router_max_retries")]}),
        ("Context", {"fields": [("context_buffer", "long_context_threshold")]}),
    ]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return not RouterConfiguration.objects.exists()

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        row = RouterConfiguration.objects.first()
        if row is None:
            return super().changelist_view(request, extra_context)  # type: ignore[no-any-return]
        return redirect("admin:autorouter_routerconfiguration_change", row.pk)


class ScoreInline(TabularInline):
    model = ProfileScore
    extra = 0
    max_num = 9
    fields = ["dimension", "value", "source", "dated", "is_estimated"]


@admin.register(Profile)
class ProfileAdmin(ModelAdmin):
    publish = staticmethod(configuration.publish)
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


@admin.register(Policy)
class PolicyAdmin(ModelAdmin):
    publish = staticmethod(configuration.publish)
    list_display = ["name", "version", "title", "most", "state"]
    list_filter = ["is_active"]
    search_fields = ["name", "title"]

    @display(description="Most per task", ordering="max_cost_usd")
    def most(self, row: Policy) -> str:
        return "no limit" if row.max_cost_usd is None else f"{row.max_cost_usd.normalize():f} USD"

    @display(description="State", label={"active": "success", "inactive": "warning"})
    def state(self, row: Policy) -> str:
        return "active" if row.is_active else "inactive"


@admin.register(TaskType)
class TaskTypeAdmin(ModelAdmin):
    publish = staticmethod(configuration.publish)
    list_display = ["name", "policy"]


@admin.register(Session)
class SessionAdmin(ModelAdmin):
    list_display = ["name", "account_id", "model", "last_activity_at"]
    search_fields = ["name", "model"]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False
