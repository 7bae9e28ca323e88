"""Members of accounts and invitations, for staff."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from unfold.decorators import action, display

from budgets.models import Invitation, Membership
from budgets.people import invitations, members
from budgets.people.invitations import Asked
from routerhub.audit.admin import AuditedAdmin, DecidedAdmin, ReasonForm, asks_why, differs, form_change
from routerhub.audit.change import Change, change_by
from routerhub.audit.errors import ChangeRefused


class MembershipForm(ReasonForm):
    author: Any

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        after = Membership(
            account=cleaned.get("account") or self.instance.account, role=cleaned.get("role", self.instance.role),
            is_active=cleaned.get("is_active", self.instance.is_active),
        )  # fmt: skip
        members.check(self.author, Membership.objects.filter(pk=self.instance.pk).first(), after)
        return cleaned


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin):
    form = MembershipForm
    list_display = ["user", "account", "role", "is_active"]
    list_filter = ["role", "is_active", "account"]
    list_select_related = ["account", "user"]
    search_fields = ["user__username", "user__email", "account__slug", "account__name"]
    autocomplete_fields = ["account", "user"]
    fields = ["account", "user", "role", "is_active"]
    deleting = "Their keys of the account are revoked, and they are signed out everywhere."

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> Any:
        """Who belongs where stays as it is: another one is another membership."""
        return ["account", "user"] if obj else []

    def get_form(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        form = super().get_form(request, obj, **options)
        form.author = request.user
        return form

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        if not change or differs(form):
            members.save(obj, form_change(request, form))

    def delete_queryset(self, request: HttpRequest, queryset: Iterable[Any]) -> None:
        change = change_by(request, request.POST["reason"].strip())
        for row in queryset:
            try:
                members.remove(row, change)
            except ValidationError as refused:
                raise ChangeRefused({"": refused.messages[0]}) from refused


class InvitationForm(ReasonForm):
    author: Any

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        if {"account", "role"} <= cleaned.keys():
            asked = Asked(
                account=cleaned["account"], role=cleaned["role"], email=cleaned.get("email", ""),
                expires_at=cleaned.get("expires_at"),
            )  # fmt: skip
            invitations.check(asked, self.author)
        return cleaned


@admin.register(Invitation)
class InvitationAdmin(DecidedAdmin):
    """Made here, and revoked by the list's action; whoever has the link accepts."""

    form = InvitationForm
    list_display = ["told", "account", "role", "expires_at", "state", "accepted_by"]
    list_filter = ["role", "account"]
    list_select_related = ["account", "accepted_by"]
    search_fields = ["email", "account__slug"]
    autocomplete_fields = ["account"]
    fields = ["account", "email", "role", "expires_at"]
    actions = ["revoke_invitations"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(AuditedAdmin.has_add_permission(self, request))

    def get_form(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        form = super().get_form(request, obj, **options)
        form.author = request.user
        if "expires_at" in form.base_fields:
            form.base_fields["expires_at"].required = False
            form.base_fields["expires_at"].help_text = f"Empty: {invitations.LASTS.days} days from now."
        return form

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        asked = Asked(account=obj.account, role=obj.role, email=obj.email, expires_at=obj.expires_at)
        why = form_change(request, form)
        made, secret = invitations.invite(asked, why)
        obj.__dict__.update(made.__dict__)
        link = invitations.link_of(secret, request.build_absolute_uri("/"))
        if not made.email:
            told = mark_safe(render_to_string("people/new_invitation.html", {"link": link}))  # noqa: S308 - it escapes
            messages.warning(request, told)
            return
        transaction.on_commit(lambda: self._send(request, made, link, why))

    def _send(self, request: HttpRequest, made: Invitation, link: str, change: Change) -> None:
        try:
            invitations.send(made, link, change)
        except ValidationError as refused:
            messages.error(request, refused.messages[0])

    @action(description="Revoke: their links open nothing any more", permissions=["change"])
    @asks_why
    def revoke_invitations(self, request: HttpRequest, rows: QuerySet[Invitation], change: Change) -> None:
        for row in rows.filter(accepted_at=None):
            invitations.revoke(row, change)
        messages.success(request, "Revoked: these links open nothing any more.")

    @display(description="For")
    def told(self, row: Invitation) -> str:
        return row.email or "who has the link"

    @display(
        description="State", label={"open": "success", "used up": "info", "revoked": "danger", "expired": "warning"}
    )
    def state(self, row: Invitation) -> str:
        return invitations.why_closed(row) or "open"
