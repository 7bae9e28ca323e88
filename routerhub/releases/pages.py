"""Releases in the admin: what is live on each line, what was, what is a draft, and what two of them have otherwise."""

from typing import Any

from django.http import Http404

from routerhub.audit.pages import StaffPage, page
from routerhub.releases import lines, rollout, store, switches
from routerhub.releases.differences import Difference
from routerhub.releases.errors import UnknownRelease
from routerhub.releases.forms import MAX_LISTED, CompareForm

MAX_DIFFERENCES = 300


@page("releases/", "releases")
class ReleasesPage(StaffPage):
    """Every line with its releases. What changes them has pages of its own, see deeds."""

    title = "Releases"
    template_name = "releases/releases.html"
    permission = "releases.view_rollout"
    change_permission = "releases.change_rollout"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(**given, lines=[_shown(line) for line in lines.names()])


def _shown(line: str) -> dict[str, Any]:
    known, pointer = lines.find(line), rollout.pointer(line)
    state_of = rollout.states(pointer)
    return {
        "name": line, "switch": known.switch, "is_on": switches.is_on(line), "turned": switches.last_turned(line),
        "pointer": pointer, "before": rollout.before(pointer), "editor": known.editor,
        "releases": [(each, state_of(each.number)) for each in store.listed(line)[:MAX_LISTED]],
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
