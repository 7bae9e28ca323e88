"""The pages that change what is live. Each asks for its choice, says what will happen to whom, asks why, and then does it."""

from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from routerhub.audit.change import Change
from routerhub.audit.pages import StaffPage, page
from routerhub.releases import effects, lines, rollout, store, switch_history, switches
from routerhub.releases.effects import Effect
from routerhub.releases.forms import (
    LineForm,
    PromoteChoice,
    PromoteForm,
    ReleaseChoice,
    RollBackForm,
    RollOutForm,
    ShareChoice,
    SwitchForm,
)
from routerhub.releases.types import Pointer

MAX_DIFFERENCES = 12
Given = dict[str, Any]
"""What was chosen, by the names of the form."""


class DeedPage(StaffPage):
    """One deed on one line. What is chosen stands in the address, so that the page can be opened for one release."""

    template_name = "releases/deed.html"
    permission = "releases.change_rollout"
    choice: type[LineForm] = LineForm

    @property
    def line(self) -> str:
        """The line of the address."""
        name: str = self.kwargs["line"]
        if name not in lines.names():
            raise Http404(f"There is no line {name!r}.")
        return name

    def form_options(self) -> dict[str, Any]:
        return {"line": self.line}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        choice = self._choice()
        title = f"{self.title}: {self.line}"
        context = super().get_context_data(**{**given, "title": title, "line": self.line, "choice": choice})
        return {**context, **self._foreseen(choice.cleaned_data)} if choice.is_valid() else context

    def _choice(self) -> LineForm:
        """Bound when all was chosen; else it asks for the rest."""
        sent = self.request.POST if self.request.method == "POST" else self.request.GET
        is_whole = all(name in sent for name in self.choice.base_fields)
        return self.choice(sent if is_whole else None, initial=sent.dict(), line=self.line)

    def _foreseen(self, given: Given) -> dict[str, Any]:
        effect = self.effect(rollout.pointer(self.line), given)
        found = store.compared(self.line, effect.before, effect.after)
        return {
            "effect": effect, "count": len(found), "found": found[:MAX_DIFFERENCES],
            "release": store.find(self.line, effect.after),
            "is_on": switches.is_on(self.line), "switch": lines.find(self.line).switch,
        }  # fmt: skip

    def act(self, form: Any, **_: Any) -> HttpResponse:
        messages.success(self.request, self.do(form.cleaned_data, self.change(form)))
        return redirect("admin:releases")

    def effect(self, pointer: Pointer, given: Given) -> Effect:
        """What the deed will change."""
        raise NotImplementedError

    def do(self, given: Given, change: Change) -> str:
        """Do it, and say what is so now. Raises ReleaseError."""
        raise NotImplementedError


@page("releases/<str:line>/roll-out/", "roll_out")
class RollOutPage(DeedPage):
    """A release for a share of the users, or for everybody."""

    title = "Roll out"
    choice = ShareChoice
    actions: ClassVar = {"": RollOutForm}

    def effect(self, pointer: Pointer, given: Given) -> Effect:
        return effects.of_roll_out(pointer, given["release"], given["percent"])

    def do(self, given: Given, change: Change) -> str:
        rollout.roll_out(self.line, given["release"], given["percent"], change)
        return f"{self.line} {given['release']} is live for {given['percent']} %."


@page("releases/<str:line>/promote/", "promote")
class PromotePage(DeedPage):
    """The candidate for everybody."""

    title = "Promote"
    choice = PromoteChoice
    actions: ClassVar = {"": PromoteForm}

    def effect(self, pointer: Pointer, _given: Given) -> Effect:
        return effects.of_promotion(pointer, pointer.newest)

    def do(self, _given: Given, change: Change) -> str:
        return f"{self.line} {rollout.promote(self.line, change)} is live for all."


@page("releases/<str:line>/roll-back/", "roll_back")
class RollBackPage(DeedPage):
    """An earlier release for everybody again."""

    title = "Roll back"
    choice = ReleaseChoice
    actions: ClassVar = {"": RollBackForm}

    def effect(self, pointer: Pointer, given: Given) -> Effect:
        return effects.of_rollback(pointer, given["release"])

    def do(self, given: Given, change: Change) -> str:
        return f"{self.line} {rollout.rollback(self.line, given['release'], change)} is live for all."


class SwitchPage(DeedPage):
    """The line turned to the release in the code, or back."""

    actions: ClassVar = {"": SwitchForm}
    turns_on = False

    def effect(self, pointer: Pointer, _given: Given) -> Effect:
        return effects.of_switch(pointer, lines.find(self.line).switch, self.turns_on)

    def do(self, _given: Given, change: Change) -> str:
        switch_history.turn(self.line, self.turns_on, change)
        return f"{lines.find(self.line).switch} is {'on' if self.turns_on else 'off'}."


@page("releases/<str:line>/turn-on/", "turn_on")
class TurnOnPage(SwitchPage):
    title = "Turn on"
    turns_on = True


@page("releases/<str:line>/turn-off/", "turn_off")
class TurnOffPage(SwitchPage):
    title = "Turn off"
