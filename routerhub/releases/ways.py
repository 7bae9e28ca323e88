"""The ways in which a release goes out, as the dialog offers them. Apps above add theirs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms

from routerhub.audit.change import Change
from routerhub.releases import effects, rollout
from routerhub.releases.effects import Effect
from routerhub.releases.errors import NoShare
from routerhub.releases.types import Pointer

Given = Mapping[str, Any]
"""What was chosen, by the names of the form: `release`, and the way's own fields, None where a value was left out."""
USUAL_PERCENT = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """One of them. Its functions take the line's name, or its pointer, and what was chosen."""

    name: str
    label: str
    hint: str
    fields: Mapping[str, forms.Field] = field(default_factory=dict)
    """What it asks for beside the release."""
    folded: str = ""
    """What its fields are folded under, where they are seldom changed."""
    demand: Callable[[str, Given], object]
    """Raises ChangeRefused for what cannot be done."""
    effect: Callable[[Pointer, Given], Effect]
    do: Callable[[str, Given, Change], str]
    """Does it, and says what is so now."""


def _demand_share(_line: str, given: Given) -> None:
    if given["percent"] is None:
        raise NoShare()
    rollout.demand_share(given["percent"])


def _to_share(line: str, given: Given, change: Change) -> str:
    rollout.roll_out(line, given["release"], given["percent"], change)
    return f"{line} {given['release']} is live for {given['percent']} %."


def _to_everybody(line: str, given: Given, change: Change) -> str:
    return _to_share(line, {**given, "percent": rollout.EVERYBODY}, change)


SHARE = Way(
    name="share", label="For a share of the users", hint="Stays there, unguarded, until you say otherwise.",
    fields={
        "percent": forms.IntegerField(
            label="Percent of the users", initial=USUAL_PERCENT, required=False,
            widget=forms.NumberInput(attrs={"min": 1, "max": rollout.EVERYBODY, "class": "in"}),
            error_messages={"invalid": str(NoShare())},
        )
    },
    demand=_demand_share,
    effect=lambda pointer, given: effects.of_roll_out(pointer, given["release"], given["percent"]),
    do=_to_share,
)  # fmt: skip
EVERYBODY = Way(
    name="everybody", label="For everybody, now", hint="Without a comparison.",
    demand=lambda _line, _given: None,
    effect=lambda pointer, given: effects.of_roll_out(pointer, given["release"], rollout.EVERYBODY),
    do=_to_everybody,
)  # fmt: skip
WAYS: list[Way] = [SHARE, EVERYBODY]
"""In the order in which they are offered; the first one is suggested."""


def find(name: str) -> Way:
    """The way of that name, which the form has checked."""
    return next(each for each in WAYS if each.name == name)
