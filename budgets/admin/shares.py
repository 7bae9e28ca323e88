"""The page of limits that are dealt out over several databases."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from budgets.choices import Period
from budgets.errors import PlaceAway
from budgets.limits.names import named
from budgets.models import Limit
from budgets.shares import dealing, overview, places
from budgets.shares.amounts import in_units
from routerhub.audit.forms import ReasonedForm
from routerhub.audit.pages import StaffPage, page

SHARE = "share_"


class DealForm(ReasonedForm):
    """A limit, and what of it each place has."""

    limit = forms.ModelChoiceField(Limit.objects.exclude(period=Period.MINUTE), empty_label="Choose a limit")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        limits: Any = self.fields["limit"]
        limits.choices = [("", limits.empty_label), *((row.pk, str(row)) for row in named(limits.queryset))]
        for place in places.aliases():
            self.fields[SHARE + place] = forms.DecimalField(
                label=f"At {place}", min_value=0, max_digits=18, decimal_places=9, widget=UnfoldAdminDecimalFieldWidget,
                help_text="Dollars or a count",
            )  # fmt: skip
        self.order_fields(["limit", *(SHARE + place for place in places.aliases()), "reason"])

    def share_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(SHARE)]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        limit = given.get("limit")
        if limit is None:
            return given
        given["shares"] = {}
        for name, amount in [each for each in given.items() if each[0].startswith(SHARE)]:
            try:
                given["shares"][name.removeprefix(SHARE)] = in_units(limit, amount)
            except ValueError as problem:
                self.add_error(name, str(problem))
        return given


class GatherForm(ReasonedForm):
    """The limit whose shares come home."""

    limit = forms.ModelChoiceField(Limit.objects.exclude(shared_as=None))


@page("shares/", "shares")
class SharesPage(StaffPage):
    """What each place may use of a limit, and what it does use; deal one out, and take it back."""

    title = "Shares of limits"
    template_name = "budgets/shares.html"
    permission = "budgets.view_limit"
    change_permission = "budgets.change_limit"
    actions: ClassVar = {"deal": DealForm, "gather": GatherForm}
    refusals: ClassVar = (*StaffPage.refusals, PlaceAway)

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        form = given.pop("form", None)
        return super().get_context_data(
            **given, form=form, dealt=overview.dealt(), places=list(places.aliases()),
            deal=form if isinstance(form, DealForm) else DealForm(), gather=GatherForm(),
        )  # fmt: skip

    def act(self, form: Any, **_: Any) -> HttpResponse:
        (limit,) = named([form.cleaned_data["limit"]])
        if self.action == "deal":
            dealing.deal(limit, form.cleaned_data["shares"], self.change(form))
            messages.success(self.request, f"{limit} is dealt out. Room moves to where it is used within seconds.")
        else:
            dealing.gather(limit, self.change(form))
            messages.success(self.request, f"{limit} is whole again; elsewhere nothing more of it may be used.")
        return redirect("admin:shares")
