"""Releases in the admin: what is live on each line, the buttons that change it, and what two releases have otherwise."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from routerhub.audit.pages import StaffPage, page
from routerhub.releases import lines, rollout, store, switch_history, switches
from routerhub.releases.differences import Difference
from routerhub.releases.errors import UnknownRelease
from routerhub.releases.forms import CompareForm, LineForm, RollOutForm

MAX_DIFFERENCES = 300
MAX_LISTED = 25


@page("releases/", "releases")
class ReleasesPage(StaffPage):
    """What is live on each line, every release, and the buttons that roll out, promote and roll back."""

    title = "Releases"
    template_name = "releases/releases.html"
    permission = "releases.view_rollout"
    change_permission = "releases.change_rollout"
    actions: ClassVar = {
        "roll_out": RollOutForm, "promote": LineForm, "rollback": LineForm, "on": LineForm, "off": LineForm,
    }  # fmt: skip

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(**given, lines=[_shown(line, given.get("form")) for line in lines.names()])

    def act(self, form: LineForm, **_: Any) -> HttpResponse:
        messages.success(self.request, getattr(self, f"_{self.action}")(form.cleaned_data["line"], form))
        return redirect("admin:releases")

    def _roll_out(self, line: str, form: LineForm) -> str:
        number, percent = form.cleaned_data["release"], form.cleaned_data["percent"]
        rollout.roll_out(line, number, percent, self.change(form))
        return f"{line} {number} is live for {percent} %."

    def _promote(self, line: str, form: LineForm) -> str:
        return f"{line} {rollout.promote(line, self.change(form))} is live for all."

    def _rollback(self, line: str, form: LineForm) -> str:
        return f"{line} {rollout.rollback(line, form.cleaned_data['release'], self.change(form))} is live for all."

    def _on(self, line: str, form: LineForm) -> str:
        return self._turn(line, True, form)

    def _off(self, line: str, form: LineForm) -> str:
        return self._turn(line, False, form)

    def _turn(self, line: str, is_on: bool, form: LineForm) -> str:
        switch_history.turn(line, is_on, self.change(form))
        return f"{lines.find(line).switch} is {'on' if is_on else 'off'}."


def _shown(line: str, sent: forms.Form | None) -> dict[str, Any]:
    """A line; with the form that was sent for it, where one was."""
    pointer, releases = rollout.pointer(line), store.listed(line)[:MAX_LISTED]
    is_sent = isinstance(sent, LineForm) and sent["line"].value() == line
    form: Any = sent if is_sent else LineForm.blank(line, pointer.percent)
    numbers = [(each.number, str(each.number)) for each in releases]
    form.fields["release"].widget.choices = [("", "the one before"), *numbers, (0, "0, in the code")]
    return {
        "name": line, "switch": lines.find(line).switch, "is_on": switches.is_on(line),
        "turned": switches.last_turned(line), "pointer": pointer, "releases": releases, "form": form,
    }  # fmt: skip


@page("releases/<str:line>/difference/", "release_difference")
class DifferencePage(StaffPage):
    """Every value in which two releases differ."""

    template_name = "releases/difference.html"
    permission = "releases.view_release"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        line = self.kwargs["line"]
        if line not in lines.names():
            raise Http404(f"There is no line {line!r}.")
        before, after = CompareForm(self.request.GET).chosen(line)
        found: list[Difference] = []
        problem = ""
        try:
            found = store.compared(line, before, after)
        except UnknownRelease as refused:
            problem = str(refused)
        return super().get_context_data(
            **given, title=f"{line} {before} → {after}", numbers=[*(each.number for each in store.listed(line)), 0],
            before=before, after=after, found=found[:MAX_DIFFERENCES], count=len(found), problem=problem,
        )  # fmt: skip
