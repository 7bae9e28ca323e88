"""The winner of a test becomes the default where it was tested, in one step, and that can be undone: a user's in the preferences
of that user, an account's in the account's, everybody's as the live router release."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from autorouter.models import Preferences
from autorouter.people import preference_sets
from autorouter.people.preference_owners import Owner, may_change
from experiments.ab.types import Treatment
from routerhub.audit.change import Change
from routerhub.releases import rollout

ROUTER = "router"
CONTROLS = frozenset({"tier", "shuffle"})
RELEASE_RIGHT = "releases.change_rollout"


def refusal(test: Any, variant: Treatment) -> str:
    """Why a variant cannot become the default there; empty where it can."""
    if variant.kind in CONTROLS:
        return _("It is there to be compared with, and no default: declare it without making it one.")
    if variant.kind == "same":
        return ""
    is_for_all = test.account_id is None
    if variant.kind == "release" and not is_for_all:
        return _("A router release is live for everybody: roll it out on the page of the releases.")
    if variant.kind != "release" and is_for_all:
        text = _("The router has no {kind} that is everybody's default: draft a release that says so, and test that.")
        return text.format(kind=variant.kind)
    return ""


def effect(test: Any, variant: Treatment) -> str:
    """What making it the default does, in a sentence."""
    if problem := refusal(test, variant):
        return problem
    if variant.kind == "same":
        return _("Nothing changes: it is what they have.")
    if variant.kind == "release":
        return _("Router release {number} becomes live for everybody, within a second.").format(number=variant.value)
    whose = test.user or test.account
    if variant.kind == "preferences":
        return _("It becomes the active set of {whose}, within a second.").format(whose=whose)
    text = _("A rule that prefers {value} stands first in the preferences of {whose}, within a second.")
    return text.format(value=variant.value, whose=whose)


def make_default(test: Any, variant: Treatment, change: Change) -> dict[str, Any]:
    """Do it, and say what was before, for `undo`. Empty where nothing is to be done. Raises ValidationError."""
    if problem := refusal(test, variant):
        raise ValidationError({"as_default": problem})
    change = change.because(f"won A/B test {test.pk}: {change.reason}")
    if variant.kind == "same":
        return {}
    if variant.kind == "release":
        return _release(int(variant.value), change)
    _demand_owner(test, change)
    return _set(test, int(variant.value), change) if variant.kind == "preferences" else _rule(test, variant, change)


def undo(test: Any, change: Change) -> None:
    """Raises ValidationError where it is not as it was left."""
    applied = test.applied
    if applied["kind"] == "release":
        _undo_release(applied, change)
        return
    _demand_owner(test, change)
    row = Preferences.objects.filter(pk=applied["set"]).first()
    if row is None:
        raise ValidationError({"applied": _("The set of preferences is gone, so there is nothing to undo.")})
    if applied["kind"] == "rule":
        row.rules = [each for each in row.rules if each["name"] != applied["name"]]
        preference_sets.save(row, change)
        return
    before = Preferences.objects.filter(pk=applied["before"]).first()
    if before is None or not row.is_active:
        raise ValidationError(
            {"applied": _("Another set of preferences is active since: choose the one that is to be.")}
        )
    preference_sets.activate(before, change)


def _release(number: int, change: Change) -> dict[str, Any]:
    _demand_release(change)
    before = rollout.pointer(ROUTER).stable
    rollout.roll_out(ROUTER, number, rollout.EVERYBODY, change)
    return {"kind": "release", "number": number, "before": before}


def _undo_release(applied: dict[str, Any], change: Change) -> None:
    _demand_release(change)
    pointer, number = rollout.pointer(ROUTER), applied["number"]
    if pointer.stable != number or pointer.candidate is not None:
        text = _("Router release {number} is not live for everybody any more: roll back to the one that you want.")
        raise ValidationError({"applied": text.format(number=number)})
    rollout.rollback(ROUTER, applied["before"], change)


def _set(test: Any, number: int, change: Change) -> dict[str, Any]:
    row, owner = Preferences.objects.filter(pk=number).first(), _owner(test)
    if row is None or Owner.of(row) != owner:
        raise ValidationError({"as_default": _("That set of preferences is none of theirs.")})
    before = preference_sets.active(owner).pk
    preference_sets.activate(row, change)
    return {"kind": "set", "set": number, "before": before}


def _rule(test: Any, variant: Treatment, change: Change) -> dict[str, Any]:
    name = f"A/B test {test.pk}"
    then = {"policy": variant.value} if variant.kind == "policy" else {"prefer": {f"{variant.kind}s": [variant.value]}}
    row = preference_sets.active(_owner(test))
    preference_sets.add_rule(row, {"name": name, "when": {}, "then": then}, change)
    return {"kind": "rule", "set": row.pk, "name": name}


def _owner(test: Any) -> Owner:
    return Owner(account_id=test.account_id) if test.user_id is None else Owner(user_id=test.user_id)


def _demand_owner(test: Any, change: Change) -> None:
    """That whoever does it may change these preferences; a command may."""
    if change.author is not None and not may_change(change.author, _owner(test)):
        whose = test.user or test.account
        raise ValidationError(
            {"as_default": _("It takes the right to change the preferences of {whose}.").format(whose=whose)}
        )


def _demand_release(change: Change) -> None:
    if change.author is not None and not change.author.has_perm(RELEASE_RIGHT):
        raise ValidationError({"as_default": _("It takes the right to roll out releases.")})
