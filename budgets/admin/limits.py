"""Limits, for staff. Money is entered and shown in dollars."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.decorators import display
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from budgets.choices import Measure
from budgets.models import Counter, Limit
from budgets.money import dollars_of_both
from budgets.types import to_nano, to_usd
from routerhub.audit.admin import AuditedAdmin, ReasonForm, TakesPartsAlong


def measured(row: Limit | Counter, amount: int, sandbox: int = 0) -> str:
    """An amount in the row's own measure; of money, what the sandbox made up stands apart."""
    return dollars_of_both(amount - sandbox, sandbox) if row.measure == Measure.MONEY else f"{amount:,}"


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
