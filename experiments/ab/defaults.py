"""The winner of a test becomes the default where it was tested, in one step, and that can be undone: a user's in the preferences
of that user, an account's in the account's, everybody's as the live router release."""

from typing import Any

from django.core.exceptions import ValidationError

from experiments.ab.types import Treatment
from routerhub.audit.change import Change
from routerhub.releases import rollout

ROUTER = "router"
CONTROLS = frozenset({"tier", "shuffle"})
RELEASE_RIGHT = "releases.change_rollout"


def refusal(test: Any, variant: Treatment) -> str:
    """Why a variant cannot become the default there; empty where it can."""
    if variant.kind in CONTROLS:
        return "It is there to be compared with, and no default: declare it without making it one."
    if variant.kind == "same":
        return ""
    is_for_all = test.account_id is None
    if variant.kind == "release" and not is_for_all:
        return "A router release is live for everybody: roll it out on the page of the releases."
    if variant.kind != "release" and is_for_all:
        return (
            f"A {variant.kind} for everybody is a matter of the router's configuration: change it there, as a release."
        )
    return ""


def effect(test: Any, variant: Treatment) -> str:
    """What making it the default does, in a sentence."""
    if problem := refusal(test, variant):
        return problem
    if variant.kind == "same":
        return "Nothing changes: it is what they have."
    return f"Router release {variant.value} becomes live for everybody, within a second."


def make_default(test: Any, variant: Treatment, change: Change) -> dict[str, Any]:
    """Do it, and say what was before, for `undo`. Empty where nothing is to be done. Raises ValidationError."""
    if problem := refusal(test, variant):
        raise ValidationError({"as_default": problem})
    if variant.kind == "same":
        return {}
    return _release(int(variant.value), change.because(f"won A/B test {test.pk}: {change.reason}"))


def undo(test: Any, change: Change) -> None:
    """Raises ValidationError where it is not as it was left."""
    applied = test.applied
    pointer = rollout.pointer(ROUTER)
    if pointer.stable != applied["number"] or pointer.candidate is not None:
        raise ValidationError(
            {"applied": f"Router release {applied['number']} is not live for everybody any more: roll back by hand."}
        )
    rollout.rollback(ROUTER, applied["before"], change)


def _release(number: int, change: Change) -> dict[str, Any]:
    if change.author is not None and not change.author.has_perm(RELEASE_RIGHT):
        raise ValidationError(
            {"as_default": "To make a release live for everybody takes the right to roll out releases."}
        )
    before = rollout.pointer(ROUTER).stable
    rollout.roll_out(ROUTER, number, rollout.EVERYBODY, change)
    return {"kind": "release", "number": number, "before": before}
