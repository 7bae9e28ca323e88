"""Tuning values and profiles: what models are good at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.decorators import display

from autorouter.models import Profile, ProfileScore, RouterConfiguration
from models_registry.admin.models import PANELS
from routerhub.audit.admin import AuditedAdmin, RowForm


def scores_panel(model: str) -> SafeString:
    """The profile of a model, for the model's own page."""
    profile = Profile.objects.filter(model=model).prefetch_related("scores").first()
    scores = profile.scores.all() if profile else []
    return render_to_string("autorouter/scores.html", {"profile": profile, "scores": scores})


PANELS.append(scores_panel)


@admin.register(RouterConfiguration)
class RouterConfigurationAdmin(AuditedAdmin):
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
    form = RowForm
    extra = 0
    max_num = 9
    fields = ["dimension", "value", "source", "dated", "is_estimated"]


@admin.register(Profile)
class ProfileAdmin(AuditedAdmin):
    list_display = ["model", "quality", "estimates"]
    search_fields = ["model"]
    inlines = [ScoreInline]

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
