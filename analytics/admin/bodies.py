"""What was said, for staff who may read it: the list tells what is kept, and each look at one stands in the audit log."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import display

from analytics.bodies import reading
from analytics.bodies.turns import turns
from analytics.models import Body, Record
from routerhub.audit.admin import FactAdmin
from routerhub.audit.change import Change, change_by

READ, DELETED = "read in the admin", "deleted in the admin"


def taken_out(body: Body) -> str:
    """How much of each kind."""
    return ", ".join(f"{kind} {count}" for kind, count in sorted(body.redacted.items())) or "nothing"


def said_panel(record: Record) -> SafeString:
    """What the page of a request shows of what was said: whether it is kept, and where it is read."""
    body = Body.objects.filter(pk=record.pk).only("is_cut", "redacted", "size").first()
    context = {
        "body": body, "taken_out": body and taken_out(body),
        "link": body and reverse("admin:analytics_body_change", args=[body.pk]),
    }  # fmt: skip
    return render_to_string("analytics/said_panel.html", context)


@admin.register(Body)
class BodyAdmin(FactAdmin):
    """A body is opened by its page, for whoever has Django's permission to view bodies."""

    list_display = ["operation_id", "created_at", "account_id", "request_size", "is_cut", "taken_out"]
    list_filter = ["is_cut"]
    search_fields = ["operation_id"]
    fieldsets = [
        ("What was said", {"fields": ["conversation"]}),
        ("What is kept", {"fields": [("operation_id", "created_at"), ("account_id", "request_size"), ("is_cut", "taken_out")]}),
    ]  # fmt: skip
    readonly_fields = ["conversation", "request_size", "taken_out"]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """With what it opens to, where its page is asked for."""
        body = super().get_object(request, object_id, from_field)
        is_page = request.resolver_match is not None and str(request.resolver_match.url_name).endswith("_change")
        if body is not None and is_page and self.has_view_permission(request, body):
            body.opened = reading.read(body, change_by(request, READ))
        return body

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("analytics.delete_body")

    def delete_model(self, request: HttpRequest, obj: Body) -> None:
        self.delete_queryset(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: Iterable[Body]) -> None:
        change: Change = change_by(request, DELETED)
        try:
            for body in list(queryset):
                reading.delete(body, change)
        except ValidationError as held:
            messages.error(request, held.messages[0])

    @display(description="Conversation")
    def conversation(self, body: Any) -> SafeString:
        opened: reading.Opened = body.opened
        told = [] if opened.problem else turns(opened.request, opened.answer)
        link = reverse("admin:analytics_record_change", args=[body.pk])
        return render_to_string("analytics/said.html", {"opened": opened, "turns": told, "request_link": link})

    @display(description="Size", ordering="size")
    def request_size(self, body: Body) -> str:
        return filesizeformat(body.size)

    @display(description="Taken out")
    def taken_out(self, body: Body) -> str:
        return taken_out(body)
