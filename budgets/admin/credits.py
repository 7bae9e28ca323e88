"""Credits, for staff: money given back, by an entry with a reason."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect

from budgets.books.credits import Credit, give
from budgets.models import Account
from budgets.money import dollars
from budgets.types import NANO
from routerhub.audit.forms import ReasonedForm
from routerhub.audit.pages import StaffPage, page


class CreditForm(ReasonedForm):
    account = forms.ModelChoiceField(Account.objects.all(), to_field_name="slug", empty_label="choose one")
    amount_usd = forms.DecimalField(label="US dollars", min_value=Decimal(0), max_digits=18, decimal_places=9)
    operation_id = forms.UUIDField(
        label="Operation", required=False, help_text="The request that it is for. Empty: the account as a whole."
    )
    gives_room = forms.BooleanField(
        required=False, label="Limits of the running periods have it back too", help_text="Else only the bill is less."
    )
    field_order = ("account", "amount_usd", "operation_id", "gives_room", "reason")


@page("credit/", "credit")
class CreditPage(StaffPage):
    """Give money back."""

    title = "Credit"
    template_name = "budgets/credit.html"
    permission = "budgets.add_ledgerentry"
    actions = {"": CreditForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        asked = {name: self.request.GET.get(name, "") for name in ("account", "operation_id")}
        given.setdefault("form", CreditForm(initial=asked))
        return super().get_context_data(**given)

    def act(self, form: Any, **_: Any) -> HttpResponse:
        values = form.cleaned_data
        credit = Credit(
            account=values["account"], amount_nano=int(values["amount_usd"] * NANO), operation_id=values["operation_id"],
            gives_room=values["gives_room"],
        )  # fmt: skip
        entry = give(credit, self.change(form))
        messages.success(self.request, f"{dollars(credit.amount_nano)} credited to {credit.account.name}.")
        return redirect("admin:budgets_ledgerentry_change", entry.pk)

    refusals = (ValidationError,)
