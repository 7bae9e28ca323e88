"""The router's own pages in the admin: releases of both lines and what is live."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from autorouter.errors import RouterError
from models_registry.errors import RegistryError
from routerhub.audit import pages
from routerhub.releases import differences, rollout, store, switches
from routerhub.releases.types import Line

MAX_DIFFERENCES = 300


class ReleasesPage(pages.StaffPage):
    """What is live on each line, every release, and the buttons that roll out, promote and roll back."""

    title = "Releases"
    template_name = "releases/releases.html"
    permission = "models_registry.change_rollout"
    refusals = (ValidationError, RegistryError, RouterError, ValueError)

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        pointers, on = rollout.pointers(), switches.current()
        shown = [
            {
                "name": line,
                "switch": switches.NAMES[line],
                "is_on": getattr(on, line),
                "turned": switches.last_turned(line),
                "pointer": pointers.get(line),
                "releases": store.listed(line)[:25],
            }
            for line in rollout.LINES
        ]
        return super().get_context_data(**given, lines=shown)

    def act(self, request: HttpRequest, **_: Any) -> HttpResponse:
        line, action = self._line(request.POST.get("line", "")), request.POST.get("action", "")
        author, reason = pages.author(request), pages.reason(request)
        if action == "roll_out":
            number, percent = self._number("release"), self._number("percent")
            rollout.roll_out(line, number, percent, author, reason)
            told = f"{line} {number} is live for {percent} %."
        elif action == "promote":
            told = f"{line} {rollout.promote(line, author, reason)} is live for all."
        elif action == "rollback":
            target = self._number("release") if request.POST.get("release") else None
            told = f"{line} {rollout.rollback(line, target, author, reason)} is live for all."
        elif action in {"on", "off"}:
            switches.turn(line, action == "on", str(author), reason)
            told = f"{switches.NAMES[line]} is {action}."
        else:
            raise ValidationError(f"{action!r} is not an action of this page.")
        messages.success(request, told)
        return redirect("admin:releases")

    def _line(self, name: str) -> Line:
        for line in rollout.LINES:
            if line == name:
                return line
        raise ValidationError(f"There is no line {name!r}.")

    def _number(self, field: str) -> int:
        given = self.request.POST.get(field, "")
        if not given.isdecimal():
            raise ValidationError(f"{field}: {given!r} is not a whole number.")
        return int(given)


class DifferencePage(pages.StaffPage):
    """Every value in which two releases differ."""

    template_name = "releases/difference.html"
    permission = "models_registry.view_release"

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        if given["line"] not in rollout.LINES:
            raise Http404(f"There is no line {given['line']!r}.")
        line: Line = given["line"]
        numbers = [each.number for each in store.listed(line)]
        before, after = self._chosen(numbers)
        found: list[differences.Difference] = []
        problem = ""
        try:
            found = store.differences(line, before, after)
        except RegistryError as refused:
            problem = str(refused)
        return super().get_context_data(
            **given, title=f"{line} {before} → {after}", numbers=[*numbers, 0], before=before, after=after,
            found=found[:MAX_DIFFERENCES], count=len(found), problem=problem,
        )  # fmt: skip

    def _chosen(self, numbers: list[int]) -> tuple[int, int]:
        given = [self.request.GET.get(name, "") for name in ("before", "after")]
        newest = numbers[0] if numbers else 0
        after = int(given[1]) if given[1].isdecimal() else newest
        return int(given[0]) if given[0].isdecimal() else max(after - 1, 0), after
