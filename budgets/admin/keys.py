"""API keys, for staff."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from budgets.choices import Endpoint, KeyPermission, Period
from budgets.models import ApiKey, default_permissions
from budgets.people.keys import MAX_LIMIT_USD, OVERLAP, demand_grantable, make, revoke, rotate
from routerhub.audit.admin import ADDED, ON_ONE_LINE, AuditedAdmin, ReasonForm, asks_why
from routerhub.audit.change import Change, change_by
from routerhub.audit.viewing import RecentAdmin


class ApiKeyForm(ReasonForm):
    author: Any
    permissions = forms.MultipleChoiceField(
        choices=KeyPermission.choices, initial=default_permissions, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    endpoints = forms.MultipleChoiceField(
        choices=Endpoint.choices, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None: everything.",
    )  # fmt: skip
    limit_usd = forms.DecimalField(
        label="Limit in USD", required=False, min_value=0, max_value=MAX_LIMIT_USD, max_digits=19, decimal_places=9,
        widget=UnfoldAdminTextInputWidget, help_text="The most that it may spend in a period. Empty: it has no limit of its own.",
    )  # fmt: skip
    limit_period = forms.ChoiceField(
        choices=Period.choices, initial=Period.MONTH, required=False, widget=UnfoldAdminSelectWidget
    )

    def limit(self) -> dict[str, Any] | None:
        """The limit that is made with the key."""
        amount = self.cleaned_data.get("limit_usd")
        return (
            None
            if amount is None
            else {"amount_usd": amount, "period": self.cleaned_data["limit_period"] or Period.MONTH}
        )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        demand_grantable(self.author, cleaned.get("user"), cleaned.get("permissions", ()))
        return cleaned


@admin.register(ApiKey)
class ApiKeyAdmin(RecentAdmin, AuditedAdmin):
    """The text of a key is shown once, after it was made."""

    form = ApiKeyForm
    formfield_overrides = ON_ONE_LINE
    dimension = "key"
    list_display = [
        "name",
        "prefix",
        "account",
        "user",
        "recent_cost",
        "last_used",
        "expires_at",
        "created_at",
        "state",
    ]
    moments = ("last_used",)
    on_phone = ("name", "recent_cost", "account", "state")
    list_filter = ["account"]
    list_select_related = ["account", "user", "use"]
    search_fields = ["name", "prefix"]
    autocomplete_fields = ["preferences"]
    fieldsets = [
        (None, {"fields": ["account", "user", "name", "permissions", "max_concurrent", "keeps_bodies", "expires_at"]}),
        ("How its requests are routed", {"fields": ["preferences"]}),
        ("What alone it may be used for", {"fields": ["models", "policies", "endpoints", "networks", "regions"]}),
    ]
    actions = ["rotate_keys", "revoke_keys"]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A new one is on, and may have a limit of its own from the start."""
        more = ["is_enabled"] if obj else ["limit_usd", "limit_period"]
        (title, first), *others = super().get_fieldsets(request, obj)
        return [(title, {**first, "fields": [*first["fields"], *more]}), *others]

    def get_form(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        form = super().get_form(request, obj, **options)
        form.author = request.user
        return form

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        why = change_by(request, form.cleaned_data["reason"] or ADDED)
        self._tell(request, obj, make(obj, why, form.limit()))

    def _tell(self, request: HttpRequest, key: ApiKey, text: str) -> None:
        told = {"name": key.name, "key": text, "address": request.build_absolute_uri("/").rstrip("/")}
        messages.warning(request, mark_safe(render_to_string("budgets/new_key.html", told)))  # noqa: S308 - it escapes

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    @action(description="Rotate: a new secret each; the old one works for another day", permissions=["change"])
    @asks_why
    def rotate_keys(self, request: HttpRequest, keys: QuerySet[ApiKey], change: Change) -> None:
        for key in keys.filter(revoked_at=None):
            try:
                self._tell(request, key, rotate(key, timezone.now() + OVERLAP, change))
            except ValidationError as problem:
                messages.error(request, f"{key.name}: {problem.messages[0]}")

    @action(description="Revoke: they open nothing any more, for good", permissions=["change"])
    @asks_why
    def revoke_keys(self, request: HttpRequest, keys: QuerySet[ApiKey], change: Change) -> None:
        for key in keys:
            revoke(key, change)
        messages.success(request, "Revoked: these keys open nothing any more.")

    @display(description="Last used", ordering="use__last_used_at")
    def last_used(self, row: ApiKey) -> Any:
        return row.use.last_used_at if hasattr(row, "use") else None

    @display(
        description="State", label={"active": "success", "disabled": "info", "expired": "warning", "revoked": "danger"}
    )
    def state(self, row: ApiKey) -> str:
        if row.revoked_at:
            return "revoked"
        if row.expires_at and row.expires_at <= timezone.now():
            return "expired"
        return "active" if row.is_enabled else "disabled"
