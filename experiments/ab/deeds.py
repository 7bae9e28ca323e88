"""What can be done with a test on its pages: the dialogs, what each says that will happen, and the doing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experiments.ab import defaults, lifecycle, telling
from experiments.ab.checking import treatment
from experiments.choices import Declared
from experiments.models import Experiment
from routerhub.audit.change import Change
from routerhub.audit.forms import ReasonedForm


class DeclareForm(ReasonedForm):
    declared = forms.ChoiceField(choices=Declared.choices)
    as_default = forms.BooleanField(required=False)


FORMS: Mapping[str, type[ReasonedForm]] = {
    "start": ReasonedForm, "stop": ReasonedForm, "end": ReasonedForm, "declare": DeclareForm, "undo": ReasonedForm,
    "discard": ReasonedForm,
}  # fmt: skip
"""The form of each deed."""
TITLES: Mapping[str, tuple[Any, Any]] = {
    "start": (gettext_lazy("Start"), gettext_lazy("Start the test")), "stop": (gettext_lazy("Stop B"), gettext_lazy("Stop B")),
    "end": (gettext_lazy("End early"), gettext_lazy("End the test early")),
    "declare": (gettext_lazy("Declare a winner"), gettext_lazy("Declare a winner")),
    "undo": (gettext_lazy("Undo"), gettext_lazy("Undo what became the default")),
    "discard": (gettext_lazy("Delete"), gettext_lazy("Delete the draft")),
}  # fmt: skip
BY_STATE: Mapping[str, Sequence[str]] = {
    "draft": ("discard", "start"),
    "running": ("stop", "end", "declare"),
    "stopped": ("end", "declare"),
    "ended": (),
}
DONE: Mapping[str, Any] = {
    "start": gettext_lazy("Started: it counts from the next request on."), "stop": gettext_lazy("Stopped: everybody gets A."),
    "end": gettext_lazy("Ended: nobody takes part any more."), "undo": gettext_lazy("Undone."),
    "discard": gettext_lazy("Deleted."),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One that can be declared."""

    value: str
    name: str
    effect: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """A button, and the dialog that it opens."""

    action: str
    button: str
    title: str
    will: Sequence[tuple[str, str]]
    """Icons and sentences."""
    choices: Sequence[Choice] = ()
    is_main: bool = False
    is_risky: bool = False


def of(test: Experiment) -> list[Deed]:
    """What can be done with a test as it stands, the main one last."""
    actions = list(BY_STATE[test.state])
    actions += ["declare"] * (test.state == "ended" and not test.declared) + ["undo"] * bool(test.applied)
    return [_deed(test, each, is_main=at == len(actions) - 1) for at, each in enumerate(actions)]


def do(test: Experiment, action: str, given: Mapping[str, Any], change: Change) -> str:
    """Do it, and say what is so now. Raises ValidationError."""
    if action == "declare":
        done = lifecycle.declare(test, given["declared"], given["as_default"], change)
        return _("Declared: {declared}. The test has ended.").format(declared=done.get_declared_display())
    steps: Mapping[str, Callable[[Experiment, Change], object]] = {
        "start": lifecycle.start, "stop": lifecycle.stop, "end": lifecycle.end, "undo": lifecycle.undo,
        "discard": lifecycle.discard,
    }  # fmt: skip
    steps[action](test, change)
    return str(DONE[action])


def _deed(test: Experiment, action: str, is_main: bool) -> Deed:
    button, title = TITLES[action]
    return Deed(
        action=action, button=str(button), title=str(title), will=list(_will(test, action)), is_main=is_main,
        choices=list(_choices(test)) if action == "declare" else [], is_risky=action in {"stop", "discard"},
    )  # fmt: skip


def _will(test: Experiment, action: str) -> Iterator[tuple[str, str]]:
    if action == "start":
        text = _("From the next request on {share} % of the {unit}s of {whom} that take part get B, the others A.")
        yield (
            "call_split",
            text.format(share=test.share_b, unit=test.unit, whom=test.user or test.account or _("everybody")),
        )
        yield "event", _("It ends by itself after {days} days.").format(days=test.planned_days)
    if action in {"end", "declare"}:
        yield "stop", _("The test ends now; what is being answered is finished on its variant.")
    if action == "stop":
        yield "block", _("B gets no request any more: all who take part get A, until the test is declared or ended.")
    if action == "undo":
        yield "undo", _("What was the default before counts again from the next request on.")
    if action == "discard":
        yield "delete", _("The draft is gone; what it said stays in the history.")
    else:
        yield "history", _("It is kept in the history, with your name.")


def _choices(test: Experiment) -> Iterator[Choice]:
    for arm in "ab":
        value = treatment(getattr(test, arm))
        name = "".join(telling.variant(value))
        yield Choice(value=arm, name=f"{arm.upper()}, {name}", effect=defaults.effect(test, value))
    yield Choice(value="neither", name=_("Neither"), effect=_("End the test and change nothing."))
