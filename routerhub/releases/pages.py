"""Releases in the admin: what is live on each line, what was, what is a draft, and what two of them have otherwise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from routerhub.audit.change import change_by
from routerhub.audit.pages import StaffPage, page
from routerhub.releases import lines, rollout, store, switches, transfer
from routerhub.releases.errors import UnknownRelease
from routerhub.releases.forms import MAX_LISTED, CompareForm
from routerhub.releases.models import Release
from routerhub.releases.telling import Told, told
from routerhub.releases.types import Pointer, State

MAX_DIFFERENCES = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """What an app shows of a line above its releases, and the same as one sentence."""

    html: str
    said: str


PANELS: list[Callable[[str, bool], Panel | None]] = []
"""Each is asked for a line, and told whether the reader may change what is live."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A release in the list of its line."""

    release: Release
    state: State
    because: str
    """Why it was made; of one that was rolled back, why it was."""


class LivePage(StaffPage):
    """Who may see what is live."""

    title = "Releases"
    permission = "releases.view_rollout"
    change_permission = "releases.change_rollout"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        may_change = self.may_change(self.request.user)
        found = [(line, made(line, may_change)) for line in lines.names() for made in PANELS]
        panels = {line: panel for line, panel in found if panel is not None}
        quiet = [_live(rollout.pointer(line)) for line in lines.names() if line not in panels]
        said = [*(each.said for each in panels.values()), *quiet]
        return super().get_context_data(**given, panels=panels.values(), said=" ".join(said))


@page("releases/", "releases")
class ReleasesPage(LivePage):
    """Every line with its releases. What changes them has dialogs of its own, see deeds."""

    template_name = "releases/releases.html"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        user = self.request.user
        return super().get_context_data(
            **given, lines=[_shown(line) for line in lines.names()], may_upload=user.has_perm("releases.add_release"),
            may_name=user.has_perm("releases.change_release"), may_download=user.has_perm("releases.view_release"),
        )  # fmt: skip


@page("releases/live/", "releases_live")
class LiveFragment(LivePage):
    """What goes out by steps at the moment, fetched again while the page is open."""

    template_name = "releases/live.html"


@page("releases/live/said/", "releases_said")
class SaidFragment(LivePage):
    """The same as one sentence."""

    template_name = "releases/said.html"


def _live(pointer: Pointer) -> str:
    name = f"{pointer.line.capitalize()} release"
    if pointer.candidate is None:
        return f"{name} {pointer.stable} is live for everybody."
    return f"{name} {pointer.candidate} is live for {pointer.percent} % of the users, {pointer.stable} for the rest."


def _shown(line: str) -> dict[str, Any]:
    known, pointer = lines.find(line), rollout.pointer(line)
    return {
        "name": line, "switch": known.switch, "is_on": switches.is_on(line), "turned": switches.last_turned(line),
        "pointer": pointer, "before": rollout.before(pointer), "editor": known.editor, "rows": _rows(pointer),
    }  # fmt: skip


def _rows(pointer: Pointer) -> list[Row]:
    state_of, left = rollout.states(pointer), rollout.left(pointer.line)
    rows = []
    for each in store.listed(pointer.line)[:MAX_LISTED]:
        state = state_of(each.number)
        because = left[each.number][1] if state == "rolled back" else each.reason
        rows.append(Row(release=each, state=state, because=because))
    return rows


@page("releases/<str:line>/difference/", "release_difference")
class DifferencePage(StaffPage):
    """Every value in which two releases differ, by the names that people know."""

    template_name = "releases/difference.html"
    permission = "releases.view_release"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        line = self.kwargs["line"]
        if line not in lines.names():
            raise Http404(f"There is no line {line!r}.")
        before, after = CompareForm(self.request.GET).chosen(line)
        found: list[Told] = []
        problem = ""
        try:
            found = told(line, store.compared(line, before, after))
        except UnknownRelease as refused:
            problem = str(refused)
        return super().get_context_data(
            **given, title=f"{line} {before} → {after}", numbers=[*(each.number for each in store.listed(line)), 0],
            before=before, after=after, found=found[:MAX_DIFFERENCES], count=len(found), problem=problem,
            live=rollout.pointer(line).stable,
        )  # fmt: skip


@page("releases/<str:line>/<int:number>/download/", "download_release")
class DownloadPage(StaffPage):
    """A release as a file, which another site takes as a draft."""

    permission = "releases.view_release"

    def get(self, request: HttpRequest, *_: Any, **options: Any) -> HttpResponse:
        try:
            file = transfer.download(options["line"], options["number"], change_by(request, "downloaded as a file"))
        except UnknownRelease as unknown:
            raise Http404(str(unknown)) from unknown
        name = f"routerhub-{file['line']}-{file['number']}.json"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return JsonResponse(file, headers=headers, json_dumps_params={"indent": 1})
