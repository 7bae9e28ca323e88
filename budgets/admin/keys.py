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
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from budgets.choices import KeyPermission
from budgets.models import ApiKey, default_permissions
from budgets.people.keys import OVERLAP, demand_grantable, make, revoke, rotate
from routerhub.audit.admin import ADDED, ON_ONE_LINE, AuditedAdmin, ReasonForm, asks_why
from routerhub.audit.change import Change, change_by


class ApiKeyForm(ReasonForm):
    author: Any
    permissions = forms.MultipleChoiceField(
        choices=KeyPermission.choices, initial=default_permissions, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        demand_grantable(self.author, cleaned.get("user"), cleaned.get("permissions", ()))
        return cleaned


@admin.register(ApiKey)
class ApiKeyAdmin(AuditedAdmin):
    """The text of a key is shown once, after it was made."""

    form = ApiKeyForm
    formfield_overrides = ON_ONE_LINE
    list_display = ["name", "prefix", "account", "user", "allowed_regions", "max_concurrent", "created_at", "state"]
    list_filter = ["account"]
    list_select_related = ["account", "user"]
    search_fields = ["name", "prefix"]
    fields = ["account", "user", "name", "permissions", "regions", "max_concurrent", "expires_at"]
    actions = ["rotate_keys", "revoke_keys"]

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        """A new one is on."""
        return [*super().get_fields(request, obj), *(["is_enabled"] if obj else [])]

    def get_form(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        form = super().get_form(request, obj, **options)
        form.author = request.user
        return form

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        why = change_by(request, form.cleaned_data["reason"] or ADDED)
        self._tell(request, obj, make(obj, why))

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

    @display(description="Regions")
    def allowed_regions(self, row: ApiKey) -> str:
        return ", ".join(row.regions) or "any"

    @display(description="State", label={"active": "success", "disabled": "info", "revoked": "danger"})
    def state(self, row: ApiKey) -> str:
        return "revoked" if row.revoked_at else "active" if row.is_enabled else "disabled"
