"""The switches in the admin: what each line goes by, who turned it last, and the way to turn it."""

from typing import Any

from routerhub.audit.pages import StaffPage, page
from routerhub.releases import lines, rollout, switches


@page("switches/", "switches")
class SwitchesPage(StaffPage):
    """One switch for each line. They are turned on pages of their own, see deeds."""

    title = "Switches"
    template_name = "releases/switches.html"
    permission = "releases.view_rollout"
    change_permission = "releases.change_rollout"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(**given, lines=[_shown(line) for line in lines.names()])


def _shown(line: str) -> dict[str, Any]:
    return {
        "name": line, "switch": lines.find(line).switch, "is_on": switches.is_on(line),
        "turned": switches.last_turned(line), "pointer": rollout.pointer(line),
    }  # fmt: skip
