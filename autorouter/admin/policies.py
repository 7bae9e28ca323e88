"""Policies, the places by which performance moved their models, and which task goes to which."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.timezone import now
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from autorouter.configuration import policies
from autorouter.decision.ordering import shifted
from autorouter.models import Policy, PolicyShift, TaskType
from models_registry.catalogue.compiler import successors
from models_registry.succession import stand_ins
from routerhub.audit.admin import AuditedAdmin, DecidedAdmin, ReasonForm, differs, form_change
from routerhub.audit.change import change_by
from routerhub.releases.errors import InvalidRelease


class LinesField(forms.CharField):
    """A list of ids, one a line, in their order."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 6})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != self.to_python(data))


class PolicyForm(ReasonForm):
    model_ids = LinesField(label="Models", help_text="Model ids, one a line; the first is tried first.")


@admin.register(Policy)
class PolicyAdmin(AuditedAdmin):
    form = PolicyForm
    list_display = ["name", "version", "title", "max_cost", "order", "state"]
    list_filter = ["is_active"]
    search_fields = ["name", "title"]
    fieldsets = [
        (
            None,
            {
                "fields": ["name", "title", ("version", "is_active")],
                "description": "What is saved is the policy's next version and takes the place of the active one.",
            },
        ),
        (
            "Models",
            {
                "fields": ["model_ids", "orders_by_complexity", "moved"],
                "description": "The first that can take the request is called.",
            },
        ),
        ("Limits", {"fields": [("max_cost_usd", "max_output_tokens", "temperature")]}),
        ("Latency", {"fields": ["hedge_after_ms"]}),
        (
            "Adjusting the order by performance",
            {
                "fields": [("adjust_max_places", "adjust_min_requests", "adjust_margin")],
                "description": "A model that surely fails more often than the others moves down, a better one up, and "
                "back again, each time as a release of its own.",
            },
        ),
    ]
    readonly_fields = ["version", "is_active", "moved"]
    actions = ["activate", "deactivate"]
    change_form_after_template = "autorouter/policy_preview.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Policy | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return [*fields, "name"] if obj else fields

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        """An edited version stays as it was, and is the one before the next."""
        if change and not differs(form):
            return
        policies.make_next(obj, form_change(request, form))
        super().save_model(request, obj, form, change=False)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Tells of models that are deprecated already who will answer in their place."""
        super().save_related(request, form, formsets, change)
        for name, stand_in in stand_ins(form.instance.model_ids, successors(now().date())).items():
            instead = f"{stand_in} answers in its place" if stand_in else "it is passed over, since it has no successor"
            messages.warning(request, f"{name} is deprecated: {instead}.")

    @action(description="Activate this version in place of the active one", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: Any) -> None:
        for row in queryset:
            try:
                policies.activate(row.name, row.version, change_by(request, "activated in the admin"))
            except (ValidationError, InvalidRelease) as refused:
                messages.error(request, f"{row}: {refused}")
            else:
                messages.success(request, f"{row} is active.")

    @action(description="Deactivate: nobody uses the policy", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: Any) -> None:
        for row in queryset.filter(is_active=True):
            try:
                policies.deactivate(row.name, change_by(request, "deactivated in the admin"))
            except InvalidRelease as refused:
                messages.error(request, f"{row}: {refused}")
            else:
                messages.success(request, f"{row} is not active any more.")

    @display(description="Max cost per task", ordering="max_cost_usd")
    def max_cost(self, row: Policy) -> str:
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
        """Of the active version as it is saved, whatever the form says."""
        active = Policy.objects.filter(name=row.name, is_active=True).first()
        if active is None:
            return SafeString("-")
        shifts = PolicyShift.objects.filter(policy=row.name)
        places = {shift.model: shift.places for shift in shifts}
        return render_to_string("autorouter/order.html", {"order": shifted(active.model_ids, places), "shifts": shifts})


@admin.register(PolicyShift)
class PolicyShiftAdmin(DecidedAdmin):
    """What performance moved, with its figures. Taking one back is a change like any other."""

    list_display = ["model", "policy", "way", "summary", "since"]
    list_filter = ["policy"]
    actions = ["undo"]

    @display(description="Moved", label={"down": "warning", "up": "success"})
    def way(self, row: PolicyShift) -> tuple[str, str]:
        way = "down" if row.places > 0 else "up"
        return way, f"{way} by {abs(row.places)}"

    @display(description="Evidence")
    def summary(self, row: PolicyShift) -> str:
        return str(row.evidence.get("summary", ""))

    @action(description="Put back to the place that staff wrote", permissions=["change"])
    def undo(self, request: HttpRequest, queryset: Any) -> None:
        for row in queryset:
            policies.undo_shift(row, change_by(request, "put back in the admin"))
            messages.success(request, f"{row.model} is back at its place in {row.policy}.")


@admin.register(TaskType)
class TaskTypeAdmin(AuditedAdmin):
    list_display = ["name", "policy"]
