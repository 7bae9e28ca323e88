"""Limits, for staff: by names, in dollars, with where each stands."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextInputWidget

from budgets.choices import Measure, Mode, Period, ScopeKind
from budgets.forecasting import wording
from budgets.forecasting.forecasts import beside, can_forecast, forecasts_of
from budgets.limits.names import KNOWN, named, names_of, subject_of
from budgets.limits.setting import amount_of, owner_of, shown_amount
from budgets.limits.standing import standings
from budgets.models import Account, ApiKey, Counter, Limit
from budgets.models.limits import EACH
from budgets.money import dollars_of_both
from routerhub.audit.admin import AuditedAdmin, ReasonForm, TakesPartsAlong

MAX_NAMES = 500
"""So many of each kind are proposed; any other may be written."""


def measured(row: Limit | Counter, amount: int, sandbox: int = 0) -> str:
    """An amount in the row's own measure; of money, what the sandbox made up stands apart."""
    return dollars_of_both(amount - sandbox, sandbox) if row.measure == Measure.MONEY else f"{amount:,}"


class NamePicker(UnfoldAdminTextInputWidget):
    """Whom a limit is of, with everybody's names to choose from."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        field = super().render(name, value, {**(attrs or {}), "list": f"{name}-names", "autocomplete": "off"}, renderer)
        options = format_html_join("", '<option value="{}">{}</option>', _names())
        return format_html('{}<datalist id="{}-names">{}</datalist>', field, name, options)


def _names() -> list[tuple[str, str]]:
    """Each with what it is the name of."""
    keys = ApiKey.objects.filter(revoked_at=None).values_list("prefix", "name")[:MAX_NAMES]
    return [
        (EACH, "each by itself"),
        *((slug, "account") for slug in Account.objects.values_list("slug", flat=True)[:MAX_NAMES]),
        *((name, "user") for name in get_user_model().objects.values_list("username", flat=True)[:MAX_NAMES]),
        *((prefix, f"key {name}") for prefix, name in keys),
        *((name, kind) for kind in KNOWN for name in sorted(KNOWN[kind]())[:MAX_NAMES]),
    ]


class LimitForm(ReasonForm):
    """The subject by name; the amount in dollars for money, as a count otherwise."""

    subject = forms.CharField(
        max_length=200, required=False, widget=NamePicker,
        help_text="By name: an account, user, key (prefix or name), policy, model, provider, tag, worker, session or task; * for "
        "each user, key, worker, session or task by itself; empty for the whole site",
    )  # fmt: skip
    amount = forms.DecimalField(
        min_value=Decimal(0), max_digits=18, decimal_places=9, widget=UnfoldAdminDecimalFieldWidget,
        help_text="US dollars for money, else a count of requests or tokens",
    )  # fmt: skip

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.instance.pk:
            self.initial["amount"] = shown_amount(self.instance.measure, self.instance.amount)
            self.initial["subject"] = names_of([self.instance])[self.instance.pk]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        for turn in (self._count, self._name):
            try:
                turn(cleaned)
            except ValidationError as problem:
                self.add_error(None, problem)
        return cleaned

    def _count(self, cleaned: dict[str, Any]) -> None:
        if cleaned.get("amount") is not None and "measure" in cleaned:
            cleaned["amount"] = amount_of(cleaned["measure"], cleaned["amount"])

    def _name(self, cleaned: dict[str, Any]) -> None:
        """Put the id in the place of the name; a new limit is its own account's, unless another is said."""
        if "kind" not in cleaned or "subject" not in cleaned:
            return
        kind, account = cleaned["kind"], cleaned.get("account")
        cleaned["subject"] = subject_of(kind, cleaned["subject"], account and account.pk)
        if account is None and cleaned["subject"] and not self.instance.pk:
            cleaned["account"] = owner_of(kind, cleaned["subject"])


class Standings(ChangeList):
    """The rows of a page know their names, where they stand and what is expected, by one query each."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = self.result_list = list(self.result_list)
        found, outlooks = standings([row.pk for row in rows], timezone.now()), forecasts_of(rows)
        named(rows)
        for row in rows:
            row.stands = found[row.pk]
            row.outlook = beside(row.stands, outlooks.get(row.pk))


@admin.register(Limit)
class LimitAdmin(TakesPartsAlong, AuditedAdmin):
    form = LimitForm
    deleting = (
        "What the limit counted goes with it; the ledger keeps every charge. A limit that is brought back counts from zero: "
        "to stop one and keep what it counted, make it inactive instead."
    )
    list_display = ["scope", "per", "max_amount", "used", "left", "outlook", "resets", "state"]
    list_filter = ["kind", "measure", "period", "mode", "is_active", "is_given"]
    list_select_related = ["account"]
    search_fields = ["subject", "account__slug"]
    autocomplete_fields = ["account"]
    fields = [
        ("kind", "subject"), "account", ("measure", "amount"), ("period", "every_days"), ("starts_on", "ends_on"),
        ("mode", "max_tier"), ("soft_percent", "counts_earlier"), ("is_given", "is_active"),
    ]  # fmt: skip

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *more: Any, **options: Any) -> Any:
        if row := context["original"]:
            context["subtitle"] = str(*named([row]))
        return super().render_change_form(request, context, *more, **options)

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return Standings

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"is_given": True, **super().get_changeform_initial_data(request)}

    @display(description="Scope", ordering="kind", header=True)
    def scope(self, row: Any) -> list[str]:
        whose = f"of {row.account.slug}, " if row.account else ""
        kind = row.get_kind_display()
        name = f"Each {kind.lower()}" if row.subject == EACH else f"{kind} {row.called}".strip()
        return [name, f"{whose}{row.zone}"]

    @display(description="Period", ordering="period")
    def per(self, row: Limit) -> str:
        if row.period == Period.RANGE:
            return f"{row.starts_on} to {row.ends_on}"
        return f"Every {row.every_days} days" if row.period == Period.DAYS else row.get_period_display()

    @display(description="Limit", ordering="amount", header=True)
    def max_amount(self, row: Limit) -> list[str]:
        unit = "" if row.measure == Measure.MONEY else f" {row.measure}"
        mode = {Mode.PAUSE: f"pauses above {row.max_tier} from {row.soft_percent} %"}.get(Mode(row.mode), row.mode)
        amount = "the policy's" if row.kind == ScopeKind.POLICY_TASK else f"{measured(row, row.amount)}{unit}"
        return [amount, mode]

    @display(description="Spent and reserved")
    def used(self, row: Any) -> SafeString:
        stands = row.stands
        spent, reserved = stands.share(stands.spent), stands.share(stands.reserved)
        return format_html(
            '<span class="rh-meter rh-meter-{}" title="{} spent, {} reserved; near from {} %"><span style="width:{}%"></span>'
            '<span class="rh-held" style="width:{}%"></span></span> {}{}',
            stands.state, measured(row, stands.spent, stands.sandbox), measured(row, stands.reserved), row.soft_percent,
            f"{spent:.0f}", f"{min(reserved, 100 - spent):.0f}", measured(row, stands.spent, stands.sandbox),
            f" + {measured(row, stands.reserved)} reserved" if stands.reserved else "",
        )  # fmt: skip

    @display(description="Left")
    def left(self, row: Any) -> str:
        return measured(row, row.stands.left)

    @display(description="Expected")
    def outlook(self, row: Any) -> SafeString | str:
        if not can_forecast(row):
            return "none"
        short = wording.short(row, row.outlook) if row.outlook else "Forecast"
        return format_html('<a class="rh-link" href="{}">{}</a>', reverse("admin:forecast", args=[row.pk]), short)

    @display(description="Begins anew")
    def resets(self, row: Any) -> str:
        return f"{row.stands.resets_at:%Y-%m-%d %H:%M} UTC" if row.stands.resets_at else "never"

    @display(description="State", label={"ok": "success", "near": "warning", "triggered": "danger", "idle": "info"})
    def state(self, row: Any) -> str:
        return str(row.stands.state)
