"""Whether the books balance, for staff: the last result, and the buttons to look again and to repair."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from budgets.books.reconciling import last, reconcile
from budgets.choices import Measure
from budgets.models import Reconciliation
from budgets.money import dollars
from routerhub.audit.forms import ReasonedForm
from routerhub.audit.pages import StaffPage, page

MAX_SHOWN = 200


@page("reconciliation/", "reconciliation")
class ReconciliationPage(StaffPage):
    title = "Reconciliation"
    template_name = "budgets/reconciliation.html"
    permission = "budgets.view_reconciliation"
    change_permission = "budgets.add_reconciliation"
    actions = {"check": ReasonedForm, "repair": ReasonedForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        found = last()
        given.setdefault("form", ReasonedForm())
        return super().get_context_data(
            **given, last=found, earlier=Reconciliation.objects.all()[1:11],
            differences=[_shown(each) for each in found.differences[:MAX_SHOWN]] if found else [],
        )  # fmt: skip

    def act(self, form: Any, **_: Any) -> HttpResponse:
        result = reconcile(self.change(form), self.action == "repair")
        count = len(result.differences)
        if result.is_repair:
            messages.success(self.request, f"Set to what the ledger says: {count} counters.")
        elif count:
            messages.error(self.request, f"{count} counters differ from the ledger or the holds.")
        else:
            messages.success(self.request, f"All {result.counters:,} counters equal the ledger and the holds.")
        return redirect("admin:reconciliation")


def _shown(each: dict[str, Any]) -> dict[str, Any]:
    """The figures in the limit's own measure."""
    is_money = each["measure"] == Measure.MONEY
    names = ("spent", "spent_in_ledger", "reserved", "reserved_in_holds")
    figures = {name: dollars(each[name]) if is_money else f"{each[name]:,}" for name in names}
    return {"limit": each["limit"], "period_start": each["period_start"][:16].replace("T", " "), **figures}
