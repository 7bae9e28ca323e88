"""Billing records for staff: closed months to look at and to download, and what is open still."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.decorators import display

from budgets.admin.books import Books
from budgets.books.billing import close, open_nano
from budgets.books.exporting import as_file
from budgets.models import Account, BillingRecord
from budgets.money import dollars
from routerhub.audit.forms import ReasonedForm
from routerhub.audit.pages import StaffPage, page
from routerhub.audit.permissions import may


@admin.register(BillingRecord)
class BillingRecordAdmin(Books):
    list_display = ["label", "account_name", "month", "total", "closed_at"]
    search_fields = ["account", "account_name"]
    fieldsets = [
        (None, {"fields": [
            ("label", "total"), ("account_name", "account"), ("month", "time_zone"), ("closed_at", "author", "reason"),
        ]}),
        ("Lines", {"fields": ["itemised"]}),
    ]  # fmt: skip
    readonly_fields = ["label", "total", "month", "itemised"]

    @display(description="Record")
    def label(self, row: BillingRecord) -> str:
        return str(row)

    @display(description="Month")
    def month(self, row: BillingRecord) -> str:
        start, end = row.period
        return f"{start:%B %Y}" if start.day == end.day else f"{start:%Y-%m-%d} until {end:%Y-%m-%d}"

    @display(description="Total")
    def total(self, row: BillingRecord) -> str:
        return dollars(row.total_nano)

    @display(description="What it is made of")
    def itemised(self, row: BillingRecord) -> SafeString:
        lines = [(line, dollars(line.amount_nano), dollars(line.by_ceiling_nano)) for line in row.lines.all()]
        return render_to_string("budgets/billing_lines.html", {"record": row, "lines": lines})


@page("billing/<int:pk>/<str:kind>/", "billing_file")
def billing_file(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """A billing record as CSV or PDF."""
    if not may(request.user, "view", BillingRecord):
        raise PermissionDenied
    if kind not in {"csv", "pdf"}:
        raise Http404(f"There is no {kind!r} of a billing record, but csv and pdf.")
    return as_file(get_object_or_404(BillingRecord, pk=pk), kind)


class CloseForm(ReasonedForm):
    account = forms.ModelChoiceField(Account.objects.all(), required=False, empty_label="all accounts")
    field_order = ("account", "reason")


@page("billing/close/", "close_months")
class CloseMonthsPage(StaffPage):
    """What each account owes beyond its billing records, and the button that makes records of the months that are over."""

    title = "Close months"
    template_name = "budgets/close_months.html"
    permission = "budgets.view_billingrecord"
    change_permission = "budgets.add_billingrecord"
    actions = {"": CloseForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        owed = {pk: nano for pk, nano in open_nano().items() if nano}
        accounts = [(account, dollars(owed[account.pk])) for account in Account.objects.filter(pk__in=owed)]
        return super().get_context_data(**given, accounts=accounts)

    def act(self, form: Any, **_: Any) -> HttpResponse:
        chosen = form.cleaned_data["account"]
        accounts = [chosen] if chosen else list(Account.objects.order_by("pk"))
        made = [record for account in accounts for record in close(account, self.change(form))]
        messages.success(
            self.request, f"Closed: {', '.join(map(str, made)) or 'nothing, no month with entries is over'}."
        )
        return redirect("admin:budgets_billingrecord_changelist")
