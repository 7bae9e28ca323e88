"""The A/B tests of an account: the list, a guided start, and one test, which moves by itself while it runs."""

from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from budgets.formats import count
from experiments.ab import choosing, deeds, drafting, planning, watching
from routerhub.console.experiments.forms import PlanForm, TestForm, initial_of
from routerhub.console.pages import ConsolePage

VIEW, ADD, CHANGE = (f"experiments.{verb}_experiment" for verb in ("view", "add", "change"))


class TestsPage(ConsolePage):
    """Those under way, drafts, and earlier ones."""

    __test__ = False
    title = _("A/B tests")
    nav = "console_tests"
    right = VIEW
    template_name = "console/tests/list.html"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        now = timezone.now()
        found = watching.of_account(self.request.user, self.account)
        rows = list(watching.summaries(found, now))
        return super().get_context_data(
            open_ones=[row for row in rows if row["test"].state != "ended"],
            earlier=[row for row in rows if row["test"].state == "ended"],
            may_add=self.extent(ADD) is not None, **given,
        )  # fmt: skip


class TestPart(ConsolePage):
    """What all pages of one test know."""

    __test__ = False
    nav = "console_tests"
    right = VIEW

    @cached_property
    def test(self) -> Any:
        """Raises Http404 for one that there is not, or that is nobody's affair here."""
        found = watching.of_account(self.request.user, self.account).filter(pk=self.kwargs["number"]).first()
        if found is None:
            raise Http404("There is no such test here.")
        return found

    def may_change(self) -> bool:
        extent = self.extent(CHANGE)
        return extent == "account" or (extent == "own" and self.test.user_id == self.request.user.pk)


class DraftPage(TestPart):
    """A guided start: a new test, or a draft that is gone on with."""

    template_name = "console/tests/draft.html"
    right = ADD
    actions: ClassVar = {"plan": PlanForm, "draft": TestForm, "start": TestForm}

    @cached_property
    def draft(self) -> Any:
        """The one that is gone on with; None: it is a new one."""
        if "number" not in self.kwargs:
            return None
        self.demand(self.may_change())
        if self.test.state != "draft":
            raise Http404("It is no draft any more.")
        return self.test

    def form_options(self) -> dict[str, Any]:
        return {"groups": choosing.choices(self.request.user, self.account), "extent": self.extent(ADD)}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        form = given.pop("form", None) or TestForm(
            initial=initial_of(self.draft) if self.draft else None, **self.form_options()
        )
        title = self.draft.name if self.draft else _("Compare two variants")
        return super().get_context_data(**{"title": title, "form": form, "draft": self.draft, "plan": None, **given})

    def act(self, form: Any, **_options: Any) -> HttpResponse:
        if self.action == "plan":
            return self.render_to_response(self.get_context_data(form=form, plan=self._plan(form), **self.kwargs))
        is_own, change = form.cleaned_data["whose"] == "user", self.change(form)
        test = drafting.kept(self.draft, self.request.user, self.account, is_own, form.values(), change)
        if self.action == "start":
            messages.success(self.request, deeds.do(test, "start", {}, change))
        else:
            messages.success(self.request, _("Kept as a draft. Nobody takes part before you start it."))
        return redirect("console_test", number=test.pk)

    def _plan(self, form: Any) -> dict[str, Any]:
        asked = form.asked(self.account.pk, self.request.user.pk)
        plan = planning.plan(asked, timezone.now())
        needed, days = plan.needed, plan.days
        planned = form.cleaned_data["planned_days"]
        unit = _("points") if form.is_in_points else "%"
        return {
            "effect": f"{form.cleaned_data['effect']:g} {unit}", "a_day": count(round(plan.units_a_day)),
            "watched": count(needed.watched) if needed else "", "fixed": count(needed.fixed) if needed else "",
            "days": count(max(1, round(days))) if days else "", "fits": days is not None and days <= planned, "planned": planned,
        }  # fmt: skip


class TestPage(TestPart):
    """One test: what its looks found, and what can be done about it."""

    template_name = "console/tests/one.html"
    actions = deeds.FORMS

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        test, now = self.test, timezone.now()
        may_change = self.may_change()
        earlier = watching.of_account(self.request.user, self.account).filter(state="ended").exclude(pk=test.pk)
        return super().get_context_data(**{
            "title": test.name, "form": None, "test": test, "may_change": may_change, "pressed": self.action,
            "deeds": deeds.of(test) if may_change else [], "phases": watching.phases(test), "apart": watching.apart(test),
            "declared": watching.declared(test),
            "needed": watching.needed(test, now) if test.state in {"draft", "running"} else None,
            "earlier": list(watching.summaries(earlier, now)), **watching.figures(test, now), **given,
        })  # fmt: skip

    def act(self, form: Any, **_options: Any) -> HttpResponse:
        self.demand(self.may_change())
        messages.success(self.request, deeds.do(self.test, self.action, form.cleaned_data, self.change(form)))
        return redirect("console_tests") if self.action == "discard" else redirect("console_test", number=self.test.pk)


class TestFigures(TestPart):
    """What moves on the page of a test, for whoever fetches it again."""

    def get(self, request: HttpRequest, *_arguments: Any, **_options: Any) -> HttpResponse:
        part = "guards" if request.GET.get("part") == "guards" else "figures"
        return render(request, f"console/tests/{part}.html", watching.figures(self.test, timezone.now()))
