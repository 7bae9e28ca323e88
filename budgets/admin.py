"""Accounts, keys, limits and the books, for staff. Money is entered and shown in dollars."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminDecimalFieldWidget

from budgets.choices import KeyPermission, Measure
from budgets.keys import OVERLAP, demand_grantable, make, revoke, rotate
from budgets.models import Account, ApiKey, Counter, Hold, LedgerEntry, Limit, Membership, default_permissions
from budgets.money import dollars, dollars_of_both
from budgets.types import to_nano, to_usd
from routerhub.audit.admin import ADDED, ON_ONE_LINE, AuditedAdmin, FactAdmin, ReasonForm, TakesPartsAlong, asks_why
from routerhub.audit.change import Change, change_by


def measured(row: Limit | Counter, amount: int, sandbox: int = 0) -> str:
    """An amount in the row's own measure; of money, what the sandbox made up stands apart."""
    return dollars_of_both(amount - sandbox, sandbox) if row.measure == Measure.MONEY else f"{amount:,}"


class MembershipInline(TabularInline):
    model = Membership
    extra = 0
    fields = ["user", "role"]


@admin.register(Account)
class AccountAdmin(AuditedAdmin):
    formfield_overrides = ON_ONE_LINE
    list_display = ["name", "slug", "is_active", "is_pro", "created_at"]
    list_filter = ["is_active", "is_pro"]
    search_fields = ["name", "slug"]
    inlines = [MembershipInline]


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


class LimitForm(ReasonForm):
    """The amount in dollars for money, as a count otherwise."""

    amount = forms.DecimalField(
        min_value=Decimal(0), max_digits=18, decimal_places=9, widget=UnfoldAdminDecimalFieldWidget,
        help_text="US dollars for money, else a count of requests or tokens",
    )  # fmt: skip

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.instance.pk and self.instance.measure == Measure.MONEY:
            self.initial["amount"] = to_usd(self.instance.amount).normalize()

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        amount = cleaned.get("amount")
        if amount is None:
            return cleaned
        if cleaned.get("measure") == Measure.MONEY:
            cleaned["amount"] = to_nano(amount)
        elif amount != amount.to_integral_value():
            self.add_error("amount", f"{amount} is not a whole number of {cleaned.get('measure')}.")
        else:
            cleaned["amount"] = int(amount)
        return cleaned


@admin.register(Limit)
class LimitAdmin(TakesPartsAlong, AuditedAdmin):
    form = LimitForm
    deleting = (
        "What the limit counted goes with it; the ledger keeps every charge. A limit that is brought back counts from zero: "
        "to stop one and keep what it counted, make it inactive instead."
    )
    list_display = ["scope", "measure", "period", "max_amount", "used", "is_active"]
    list_filter = ["kind", "measure", "period", "is_active"]
    search_fields = ["subject"]
    fields = [("kind", "subject"), ("measure", "period"), "amount", "is_active"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Limit]:
        limits: QuerySet[Limit] = super().get_queryset(request)
        counters = Counter.objects.filter(limit=OuterRef("pk"), measure=OuterRef("measure"), period=OuterRef("period"))
        newest = counters.order_by("-period_start").annotate(used=F("spent") + F("reserved"))
        return limits.annotate(
            used_now=Coalesce(Subquery(newest.values("used")[:1]), 0),
            sandbox_now=Coalesce(Subquery(newest.values("sandbox")[:1]), 0),
        )

    @display(description="Scope", ordering="kind")
    def scope(self, row: Limit) -> str:
        return f"{row.get_kind_display()} {row.subject}"

    @display(description="Limit", ordering="amount")
    def max_amount(self, row: Limit) -> str:
        return measured(row, row.amount)

    @display(description="Used now")
    def used(self, row: Any) -> str:
        share = min(100, 100 * row.used_now / row.amount) if row.amount else 100
        return format_html(
            '<span class="rh-meter"><span style="width:{}%"></span></span> {}',
            f"{share:.0f}", measured(row, row.used_now, row.sandbox_now),
        )  # fmt: skip


class Books(FactAdmin):
    """To look at: only the ledger's functions write here."""

    @display(description="Amount", ordering="amount_nano")
    def amount(self, row: Hold | LedgerEntry) -> str:
        return dollars(row.amount_nano, isinstance(row, LedgerEntry) and row.is_sandbox)


@admin.register(Counter)
class CounterAdmin(Books):
    list_display = ["limit", "period", "period_start", "spent_shown", "reserved_shown"]
    list_filter = ["measure", "period"]
    list_select_related = ["limit"]
    ordering = ["-limit_id", "-period_start"]

    @display(description="Spent", ordering="spent")
    def spent_shown(self, row: Counter) -> str:
        return measured(row, row.spent, row.sandbox)

    @display(description="Reserved", ordering="reserved")
    def reserved_shown(self, row: Counter) -> str:
        return measured(row, row.reserved)


@admin.register(Hold)
class HoldAdmin(Books):
    list_display = ["operation_id", "hop", "account_id", "amount", "tokens", "created_at", "lease_until"]
    search_fields = ["operation_id"]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(Books):
    list_display = ["operation_id", "hop", "kind", "account_id", "amount", "overrun", "outcome", "settled_at"]
    list_filter = ["kind", "outcome", "is_sandbox"]
    search_fields = ["operation_id"]

    @display(description="Overrun", ordering="overrun_nano")
    def overrun(self, row: LedgerEntry) -> str:
        return dollars(row.overrun_nano, row.is_sandbox)
