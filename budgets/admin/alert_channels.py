"""By which ways people are told, and their own alerts, for staff."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from unfold.decorators import action
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from budgets.alerts import channels
from budgets.models import AlertChannel, AlertRule
from routerhub.audit.admin import AuditedAdmin, ReasonForm, asks_why, form_change
from routerhub.audit.change import Change


class ChannelForm(ReasonForm):
    """The address is written and never read: empty keeps the one there is."""

    address = forms.CharField(
        required=False, max_length=channels.MAX_ADDRESS,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="Of an email, the address; of a chat, as apprise writes it, e.g. slack://A/B/C/#spend; of a webhook, its https "
        "address. It is sealed and not shown again.",
    )  # fmt: skip

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["address"].required = self.instance._state.adding
        if not self.instance._state.adding:
            self.fields["address"].help_text = "Empty: it stays as it is. Another one of a webhook has another secret."

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        kind = cleaned.get("kind") or self.instance.kind
        if cleaned.get("address") and kind:
            channels.check(kind, cleaned["address"])
        return cleaned


@admin.register(AlertChannel)
class AlertChannelAdmin(AuditedAdmin):
    """The secret of a webhook is shown once, after it was made."""

    form = ChannelForm
    list_display = ["name", "kind", "shown", "account", "user", "is_active"]
    list_filter = ["kind", "is_active", "account"]
    list_select_related = ["account", "user"]
    search_fields = ["name", "shown"]
    fields = [("account", "user"), ("name", "kind"), "address", "is_active"]
    actions = ["send_test", "rotate_secrets"]

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> list[str]:
        return ["account", "user", "kind"] if obj else []

    def save_model(self, request: HttpRequest, obj: AlertChannel, form: Any, change: bool) -> None:
        address = form.cleaned_data.get("address")
        if address:
            self._tell(request, obj, channels.make(obj, address, form_change(request, form)))
        else:
            super().save_model(request, obj, form, change)

    def _tell(self, request: HttpRequest, row: AlertChannel, secret: str) -> None:
        if secret:
            told = render_to_string("budgets/new_secret.html", {"name": row.name, "secret": secret})
            messages.warning(request, mark_safe(told))  # noqa: S308 - it escapes

    @action(description="Send a test", permissions=["change"])
    def send_test(self, request: HttpRequest, rows: QuerySet[AlertChannel]) -> None:
        for row in rows:
            channels.test(row)
        messages.success(request, "On its way: what becomes of it stands under deliveries.")

    @action(
        description="Rotate: a new secret each; for a day webhooks are signed with the old one too",
        permissions=["change"],
    )
    @asks_why
    def rotate_secrets(self, request: HttpRequest, rows: QuerySet[AlertChannel], change: Change) -> None:
        for row in rows:
            try:
                self._tell(request, row, channels.rotate(row, change))
            except ValidationError as problem:
                messages.error(request, f"{row}: {problem.messages[0]}")


class RuleForm(ReasonForm):
    """Channels by name."""

    channels = forms.ModelMultipleChoiceField(
        AlertChannel.objects.select_related("account"), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="By which of the person's own and the account's. None: by all of their own.",
    )  # fmt: skip

    def clean_channels(self) -> list[Any]:
        return [each.pk for each in self.cleaned_data["channels"]]


@admin.register(AlertRule)
class AlertRuleAdmin(AuditedAdmin):
    form = RuleForm
    list_display = ["__str__", "account", "amount_usd", "window", "is_active"]
    list_filter = ["is_active", "window", "account"]
    list_select_related = ["account", "user"]
    search_fields = ["user__username", "account__slug"]
    fields = [("account", "user"), ("amount_usd", "window"), "channels", "is_active"]
