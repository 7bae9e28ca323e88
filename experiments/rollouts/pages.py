"""What the page of the releases shows of a rollout by steps, and the dialogs in which it is moved."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from django.http import Http404
from django.template.loader import render_to_string
from django.utils import timezone

from experiments.models import GradualRollout
from experiments.rollouts import showing, stepping, ways
from routerhub.audit.change import Change
from routerhub.audit.pages import page
from routerhub.releases import effects, pages
from routerhub.releases.deeds import DeedPage, Given
from routerhub.releases.effects import Effect
from routerhub.releases.forms import LineForm, SwitchForm
from routerhub.releases.types import Pointer

__all__ = ["ways"]
SHOWN_AFTER = timedelta(days=1)
"""For so long the page still shows how a rollout ended."""


def panel(line: str, may_change: bool) -> pages.Panel | None:
    """The line's rollout by steps: under way, or ended lately."""
    gradual = stepping.newest(line)
    if gradual is None or (gradual.ended_at and gradual.ended_at < timezone.now() - SHOWN_AFTER):
        return None
    overtaken = stepping.overtaken(gradual)
    step = stepping.step_of(gradual)
    context = {
        "gradual": gradual, "state": "stopped" if overtaken else stepping.state_of(gradual), "step": step,
        "steps": showing.steps(gradual), "guardrails": showing.guardrails(step), "now": timezone.localtime(),
        "may_move": may_change and gradual.is_open and not overtaken, "overtaken": overtaken,
    }  # fmt: skip
    html = render_to_string("experiments/rollout_panel.html", context)
    return pages.Panel(html=html, said=showing.sentence(gradual))


pages.PANELS.append(panel)


@page("releases/<str:line>/by-steps/<str:deed>/", "move_rollout")
class MovePage(DeedPage):
    """A rollout by steps held, gone on with, stopped or withdrawn."""

    choice = LineForm
    actions: ClassVar = {"": SwitchForm}

    @property
    def deed(self) -> str:
        """The deed of the address."""
        name: str = self.kwargs["deed"]
        if name not in DEEDS:
            raise Http404(f"There is no deed {name!r}.")
        return name

    @property
    def title(self) -> str:  # type: ignore[override]
        return DEEDS[self.deed][0]

    @property
    def is_risky(self) -> bool:  # type: ignore[override]
        return self.deed == "roll-back"

    @property
    def gradual(self) -> GradualRollout:
        found = stepping.open_one(self.line)
        if found is None:
            raise Http404("Nothing is rolled out by steps on this line.")
        return found

    def heading(self, _choice: LineForm) -> str:
        return f"{self.title}: {self.gradual}"

    def effect(self, pointer: Pointer, _given: Given) -> Effect:
        gradual = self.gradual
        percent = stepping.step_of(gradual).percent
        back = effects.of_rollback(pointer, gradual.stable)
        if self.deed == "roll-back":
            return back
        following = gradual.steps.filter(place=gradual.step + 1).first()
        named = {
            "number": gradual.release,
            "stable": gradual.stable,
            "percent": percent,
            "then": following and following.percent,
        }
        deed, sentences = DEEDS[self.deed][1:3]
        return Effect(
            deed=deed.format(**named), before=gradual.stable, after=gradual.release,
            sentences=[each.format(**named) for each in sentences],
        )  # fmt: skip

    def do(self, _given: Given, change: Change) -> str:
        moved = DEEDS[self.deed][3](self.gradual.pk, change)
        return f"{moved}: {moved.get_state_display().lower()}."


GUARDED = "Its guardrails are looked at all the same: if one breaks, it is rolled back by itself."
Move = Callable[[int, Change], GradualRollout]
DEEDS: Mapping[str, tuple[str, str, Sequence[str], Move]] = {
    "pause": (
        "Hold here", "Hold at {percent} %",
        ["Release {number} stays with {percent} % of the users until you go on.", GUARDED], stepping.pause,
    ),
    "resume": (
        "Go on by the plan", "Go on by the plan",
        ["Release {number} goes on to {then} % when this step has its time and its traffic and no guardrail broke."],
        stepping.resume,
    ),
    "advance": (
        "Go on now", "Go on to {then} % now",
        [
            "{then} % of the users get release {number} within a second, whatever this step still lacks.",
            "Who has it keeps it; the others stay on release {stable}.",
        ],
        stepping.advance,
    ),
    "stop": (
        "Stop the steps", "Stop at {percent} %",
        [
            "Release {number} stays with {percent} % of the users, as if it had been rolled out to that share.",
            "Nobody looks at its guardrails any more.",
        ],
        stepping.stop,
    ),
    "roll-back": ("Roll back", "", [], stepping.roll_back),
}  # fmt: skip
"""By the word in the address: title, what the button says, what will happen, and what does it."""
