"""The pages that change what is live. Each asks for its choice, says what will happen to whom, asks why, and then does it."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from routerhub import numerals
from routerhub.audit.change import Change
from routerhub.audit.pages import StaffPage, page
from routerhub.releases import effects, lines, rollout, store, switch_history, switches, ways
from routerhub.releases.effects import Effect
from routerhub.releases.forms import (
    LineForm,
    PromoteChoice,
    PromoteForm,
    ReleaseChoice,
    RollBackForm,
    RollOutChoice,
    RollOutForm,
    SwitchForm,
)
from routerhub.releases.telling import told
from routerhub.releases.types import Pointer

MAX_DIFFERENCES, MAX_FEW = 12, 2
Given = dict[str, Any]
"""What was chosen, by the names of the form."""


class DialogPage(StaffPage):
    """A page that is shown in a dialog where a script asks for it, and whole elsewhere. Who may change sees it."""

    template_name = "releases/deed.html"
    dialog = ""
    """The template of what is inside."""
    permission = "releases.change_rollout"
    is_risky = False

    @property
    def line(self) -> str:
        """The line of the address."""
        name: str = self.kwargs["line"]
        if name not in lines.names():
            raise Http404(f"There is no line {name!r}.")
        return name

    @property
    def is_dialog(self) -> bool:
        return self.request.headers.get("X-Requested-With") == "fetch"

    def get_template_names(self) -> list[str]:
        return [self.dialog if self.is_dialog else self.template_name]

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        return super().get_context_data(**{"dialog": self.dialog, "is_risky": self.is_risky, **given})

    def again(self, form: forms.Form) -> HttpResponse:
        """In a dialog what is wrong stands beside its fields alone: the page beneath would say it later."""
        if self.is_dialog:
            return self.render_to_response(self.get_context_data(form=form, **self.kwargs))
        return super().again(form)


class DeedPage(DialogPage):
    """One deed on one line. What is chosen stands in the address, so that the page can be opened for one release."""

    dialog = "releases/deed_form.html"
    choice: type[LineForm] = LineForm

    def form_options(self) -> dict[str, Any]:
        return {"line": self.line}

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        choice = self._choice()
        title = f"{self.title}: {self.line}"
        context = super().get_context_data(**{**given, "title": title, "choice": choice, "line": self.line})
        is_whole = choice.is_valid()
        context["heading"] = self.heading(choice)
        return {**context, **self._foreseen(choice.cleaned_data)} if is_whole else context

    def heading(self, choice: LineForm) -> str:
        """The deed with its object."""
        number = numerals.whole(str(choice["release"].value())) if "release" in choice.fields else None
        return f"{self.title} {named(self.line, number)}"

    def _choice(self) -> LineForm:
        """Bound when all was chosen; else it asks for the rest."""
        if self.request.method == "POST":
            return self.choice(self.request.POST, line=self.line)
        asked = self.request.GET.dict()
        return self.choice(self.choice.completed(asked), initial=asked, line=self.line)

    def _foreseen(self, given: Given) -> dict[str, Any]:
        effect = self.effect(rollout.pointer(self.line), given)
        found = told(self.line, store.compared(self.line, effect.before, effect.after))
        return {
            "effect": effect, "seen": seen(effect), "count": len(found), "found": found[:MAX_DIFFERENCES],
            "few": found[:MAX_FEW], "release": store.find(self.line, effect.after),
            "is_on": switches.is_on(self.line), "switch": lines.find(self.line).switch,
        }  # fmt: skip

    def act(self, form: Any, **_: Any) -> HttpResponse:
        given = form.cleaned_data
        told = self.request.POST.get("seen")
        if told is not None and told != seen(self.effect(rollout.pointer(self.line), given)):
            form.add_error(None, "What will happen is something else now. Read it, and confirm again.")
            return self.again(form)
        messages.success(self.request, self.do(given, self.change(form)))
        return redirect("admin:releases")

    def effect(self, pointer: Pointer, given: Given) -> Effect:
        """What the deed will change."""
        raise NotImplementedError

    def do(self, given: Given, change: Change) -> str:
        """Do it, and say what is so now. Raises ReleaseError."""
        raise NotImplementedError


def seen(effect: Effect) -> str:
    """What was said before a deed was confirmed, to see that it is so still."""
    return "; ".join((effect.deed, *effect.sentences))


def named(line: str, number: int | None) -> str:
    """A release by its line, its number and its name; where none is chosen yet, any."""
    if number is None:
        return f"a {line} release"
    release = store.find(line, number)
    return f"{line} release {number}" + (f", “{release.label}”" if release and release.label else "")


@page("releases/<str:line>/roll-out/", "roll_out")
class RollOutPage(DeedPage):
    """A release for a share of the users, for everybody, or as an app has added."""

    title = "Roll out"
    choice = RollOutChoice
    actions: ClassVar = {"": RollOutForm}

    def effect(self, pointer: Pointer, given: Given) -> Effect:
        return ways.find(given["how"]).effect(pointer, given)

    def do(self, given: Given, change: Change) -> str:
        return ways.find(given["how"]).do(self.line, given, change)


@page("releases/<str:line>/promote/", "promote")
class PromotePage(DeedPage):
    """The candidate for everybody."""

    title = "Promote"
    choice = PromoteChoice
    actions: ClassVar = {"": PromoteForm}

    def heading(self, _choice: LineForm) -> str:
        return f"{self.title} {named(self.line, rollout.pointer(self.line).candidate)}"

    def effect(self, pointer: Pointer, _given: Given) -> Effect:
        return effects.of_promotion(pointer, pointer.newest)

    def do(self, _given: Given, change: Change) -> str:
        return f"{self.line} {rollout.promote(self.line, change)} is live for all."


@page("releases/<str:line>/roll-back/", "roll_back")
class RollBackPage(DeedPage):
    """An earlier release for everybody again."""

    title = "Roll back to"
    choice = ReleaseChoice
    actions: ClassVar = {"": RollBackForm}
    is_risky = True

    def effect(self, pointer: Pointer, given: Given) -> Effect:
        return effects.of_rollback(pointer, given["release"])

    def do(self, given: Given, change: Change) -> str:
        return f"{self.line} {rollout.rollback(self.line, given['release'], change)} is live for all."


class SwitchPage(DeedPage):
    """The line turned to the release in the code, or back."""

    actions: ClassVar = {"": SwitchForm}
    turns_on = False

    def heading(self, _choice: LineForm) -> str:
        return f"{self.title} {lines.find(self.line).switch}"

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
    is_risky = True
