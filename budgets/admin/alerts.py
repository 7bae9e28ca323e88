"""Alerts and what was sent of them, for staff."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.decorators import action, display

from budgets.alerts import marks
from budgets.alerts.raising import acknowledge
from budgets.alerts.showing import NEWEST, OPEN, figures_of, sent, state_of
from budgets.alerts.spending import spent_now
from budgets.models import Alert, AlertRule, Delivery, DeliveryTry
from budgets.money import dollars
from budgets.types import to_nano
from routerhub.audit.admin import FactAdmin
from routerhub.audit.pages import StaffPage, page

STATES = {"ok": "success", "near": "warning", "triggered": "danger", "acknowledged": "info"}
SHOWN, MAX_LOOKED_AT = 20, 200


@admin.register(Alert)
class AlertAdmin(FactAdmin):
    """What was told, with the figures that led to it. It is raised by the product, and acknowledged by people."""

    list_display = ["title", "state_label", "kind", "account", "user", "changed_at", "acknowledged_by"]
    list_filter = ["state", "kind"]
    list_select_related = ["account", "user", "acknowledged_by"]
    search_fields = ["title", "subject"]
    actions = ["acknowledge_alerts"]
    readonly_fields = ["led_to_it", "told_by"]
    fieldsets = [
        (None, {"fields": ["title", ("state", "kind"), ("account", "user"), ("subject", "period_start")]}),
        ("Figures", {"fields": ["led_to_it"]}),
        ("Times", {"fields": [("found_at", "changed_at"), ("acknowledged_at", "acknowledged_by")]}),
        ("Told by", {"fields": ["told_by"]}),
    ]

    @display(description="State", label=STATES)
    def state_label(self, row: Alert) -> tuple[str, str]:
        return row.state, row.get_state_display().lower()

    @display(description="What led to it")
    def led_to_it(self, row: Alert) -> SafeString:
        return render_to_string(
            "budgets/figures.html", {"figures": figures_of(row), "percent": _percent(row), "state": row.told}
        )

    @display(description="Messages")
    def told_by(self, row: Alert) -> SafeString:
        return render_to_string("budgets/deliveries.html", {"deliveries": sent(row.deliveries.all(), timezone.now())})

    def has_acknowledge_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("budgets.change_alert")

    @action(description="Acknowledge: somebody has them in hand", permissions=["acknowledge"])
    def acknowledge_alerts(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        found = list(alerts.filter(state__in=OPEN))
        for alert in found:
            acknowledge(alert, request.user)
        messages.success(request, f"{len(found)} acknowledged, until they get graver or their periods end.")


class TryInline(TabularInline):
    model = DeliveryTry
    extra = 0
    can_delete = False
    fields = readonly_fields = ["number", "tried_at", "took_ms", "status", "error"]

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        return request.user.has_perm("budgets.view_delivery")


@admin.register(Delivery)
class DeliveryAdmin(FactAdmin):
    """The delivery log: never with what a receiver answered."""

    list_display = ["message", "channel_name", "state_label", "tries", "message_id", "created_at"]
    list_filter = ["state"]
    search_fields = ["message_id", "channel_name"]
    exclude = ["content"]
    inlines = [TryInline]

    @display(description="Message")
    def message(self, row: Delivery) -> str:
        return str(row.content["data"]["title"])

    @display(description="State", label={"delivered": "success", "pending": "warning", "given up": "danger"})
    def state_label(self, row: Delivery) -> tuple[str, str]:
        return row.get_state_display().lower(), state_of(row, timezone.now())


class AcknowledgeForm(forms.Form):
    """The alert whose button was pressed."""

    alert = forms.ModelChoiceField(Alert.objects.filter(state__in=OPEN))


@page("alerts/", "alerts")
class AlertsPage(StaffPage):
    """What waits for somebody, people's own alerts with what they come to, and the newest messages."""

    title = "Alerts"
    template_name = "budgets/alerts.html"
    permission = "budgets.view_alert"
    change_permission = "budgets.change_alert"
    actions = {"acknowledge": AcknowledgeForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        user = self.request.user
        waiting = Alert.objects.filter(state__in=OPEN).select_related("account", "user").order_by("-state", *NEWEST)
        return super().get_context_data(
            form=None,
            alerts=[{"row": row, "figures": figures_of(row), "percent": _percent(row)} for row in waiting[:SHOWN]],
            waiting=waiting.count(),
            rules=_rules() if user.has_perm("budgets.view_alertrule") else None,
            deliveries=sent(Delivery.objects.all()[:SHOWN], timezone.now())
            if user.has_perm("budgets.view_delivery")
            else None,
        )

    def act(self, form: Any, **_: Any) -> HttpResponse:
        alert = form.cleaned_data["alert"]
        acknowledge(alert, self.request.user)
        messages.success(self.request, f"Acknowledged: {alert}")
        return redirect("admin:alerts")


def _percent(alert: Alert) -> int | None:
    """How full its bar is."""
    found = alert.figures.get("percent")
    return min(100, int(found)) if isinstance(found, int | float) else None


def _rules() -> list[dict[str, Any]]:
    """The members' own alerts with what each comes to at present, those nearest to their amount first."""
    rules = list(AlertRule.objects.filter(is_active=True).select_related("account", "user")[:MAX_LOOKED_AT])
    spent = spent_now(rules, timezone.now())
    return sorted((_rule(each, spent[each.pk]) for each in rules), key=lambda each: -each["percent"])[:SHOWN]


def _rule(row: AlertRule, spent: int) -> dict[str, Any]:
    amount = to_nano(row.amount_usd)
    state = marks.state_at(spent, amount) or "ok"
    return {"row": row, "spent": dollars(spent), "percent": marks.percent(spent, amount), "state": state}
