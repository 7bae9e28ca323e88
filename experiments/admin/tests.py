"""Tests of variants in the admin: the list, a draft, and one test with what was found and what can be done."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.timezone import now

from experiments.ab import asking, deeds, lifecycle, watching
from experiments.ab.asking import DraftForm, ValuesForm
from experiments.models import Experiment
from routerhub.audit.forms import ReasonedForm
from routerhub.audit.pages import StaffPage, page

ACCOUNT: Any = Experiment._meta.get_field("account").related_model


class NewForm(DraftForm, ReasonedForm):
    account = forms.ModelChoiceField(
        ACCOUNT.objects.order_by("slug"), required=False, empty_label="everybody", to_field_name="slug",
        help_text="Whose requests.",
    )  # fmt: skip
    user = forms.ModelChoiceField(
        get_user_model()._default_manager.order_by("username"), required=False, empty_label="all of them",
        to_field_name="username", help_text="Whose requests alone, in that account.",
    )  # fmt: skip
    field_order = (*DraftForm.field_order[:2], "account", "user", *DraftForm.field_order[2:])

    def values(self, before: Any = ()) -> dict[str, Any]:
        given = super().values(before)
        if not given["unit"]:
            del given["unit"]
        return given


class DraftChangeForm(DraftForm, ReasonedForm):
    """All of a draft."""


class RunningChangeForm(ValuesForm, ReasonedForm):
    """What may be changed under way."""


class TestsOfStaff(StaffPage):
    permission = "experiments.view_experiment"
    change_permission = "experiments.change_experiment"

    @property
    def test(self) -> Experiment:
        return get_object_or_404(Experiment.objects.select_related("account", "user"), pk=self.kwargs["number"])


@page("ab-tests/", "experiments")
class TestsPage(TestsOfStaff):
    """All tests, those under way first."""

    title = "Experiments"
    template_name = "experiments/tests.html"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        tests = Experiment.objects.select_related("account", "user").order_by("-pk")
        may_add, moment = self.request.user.has_perm("experiments.add_experiment"), now()
        ended = watching.summaries(tests.filter(state="ended"), moment)
        rows = [*watching.summaries(watching.under_way(tests), moment), *ended]
        return super().get_context_data(**given, rows=rows, may_add=may_add)


@page("ab-tests/new/", "new_experiment")
class NewTestPage(TestsOfStaff):
    """A draft, of whom it says."""

    title = "New A/B test"
    template_name = "experiments/test_form.html"
    permission = change_permission = "experiments.add_experiment"
    actions: ClassVar = {"": NewForm}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(**given, names=asking.names())

    def act(self, form: Any, **_: Any) -> HttpResponse:
        values = form.values()
        test = Experiment(account=values.pop("account"), user=values.pop("user"))
        made = lifecycle.draft(test, values, self.change(form))
        messages.success(self.request, "Saved as a draft: nobody takes part before it is started.")
        return redirect("admin:experiment", made.pk)


@page("ab-tests/<int:number>/", "experiment")
class TestPage(TestsOfStaff):
    """What was found, and what can be done."""

    template_name = "experiments/test.html"
    actions = deeds.FORMS

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        test = self.test
        may_change = self.may_change(self.request.user)
        return super().get_context_data(
            **{**given, "title": test.name}, **watching.figures(test, now()), deeds=deeds.of(test) if may_change else [],
            pressed=self.action, phases=watching.phases(test), apart=watching.apart(test),
        )  # fmt: skip

    def act(self, form: Any, **_: Any) -> HttpResponse:
        test = self.test
        messages.success(self.request, deeds.do(test, self.action, form.cleaned_data, self.change(form)))
        return redirect("admin:experiments") if self.action == "discard" else redirect("admin:experiment", test.pk)


@page("ab-tests/<int:number>/edit/", "edit_experiment")
class EditTestPage(TestsOfStaff):
    """A draft, or what may be changed of a test under way."""

    title = "Change the test"
    template_name = "experiments/test_form.html"
    permission = "experiments.change_experiment"
    actions: ClassVar = {"": RunningChangeForm}

    def blank(self) -> forms.Form:
        test = self.test
        form = {"draft": DraftChangeForm, "running": RunningChangeForm}.get(test.state)
        if form is None:
            raise Http404(f"A test that is {test.state} is not changed any more.")
        return form(initial=asking.initial(test))

    def post(self, request: Any, *arguments: Any, **options: Any) -> HttpResponse:
        self.actions = {"": type(self.blank())}  # type: ignore[misc]  # this request's alone
        return super().post(request, *arguments, **options)

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(**given, test=self.test, names=asking.names())

    def act(self, form: Any, **_: Any) -> HttpResponse:
        test = self.test
        test = lifecycle.edit(test, form.values(test.guardrails), self.change(form))
        messages.success(self.request, f"Saved. Phase {test.phase} counts." if test.phase else "Saved.")
        return redirect("admin:experiment", test.pk)
