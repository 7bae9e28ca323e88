"""The life of a test: drafted, started, changed, stopped, ended and declared, each step with a version in the history.

draft → running → ended, and declared. A guardrail that breaks, or a person, stops B: the test is `stopped`, and everybody in it
gets A until it is declared or ended. Of those whom a test is about (a user, an account, everybody) one is under way at a time; a
request that falls under several takes part in its user's, else its account's, else everybody's.
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.timezone import now

from experiments.ab import defaults
from experiments.ab.checking import treatment
from experiments.choices import Declared, ExperimentState, Unit
from experiments.models import Experiment, ExperimentPhase
from routerhub.audit import history
from routerhub.audit.change import Change

DRAFT, RUNNING, STOPPED, ENDED = ExperimentState.values
UNDER_WAY = (RUNNING, STOPPED)
WHOSE = ("account", "user")
PHASED = ("share_b", "exposure", "main", "guardrails", "allocation", "floor")
"""What begins a new phase when it is changed under way: figures before and after are not thrown together."""
ALWAYS = ("name", "question", "budget_usd", "planned_days")
"""What may be changed under way without more ado."""
VALUES = ("unit", "a", "b", "tuned_for", *ALWAYS, *PHASED)
"""What a draft says."""


@transaction.atomic
def draft(test: Experiment, values: Mapping[str, Any], change: Change) -> Experiment:
    """A new test, of its account and user, that nobody takes part in yet. Raises ValidationError."""
    if test.user_id is not None and "unit" not in values:
        test.unit = Unit.SESSION
    _set(test, _ordered(values))
    _save(test, change)
    return test


@transaction.atomic
def edit(test: Experiment, values: Mapping[str, Any], change: Change) -> Experiment:
    """Change a draft, or what may be changed of a test under way. Raises ValidationError."""
    row = _locked(test, DRAFT, RUNNING, doing="changed")
    changed = {name: value for name, value in _ordered(values).items() if getattr(row, name) != value}
    fixed = sorted(changed.keys() - {*PHASED, *ALWAYS}) if row.state == RUNNING else []
    if fixed:
        raise ValidationError(
            {name: "It is fixed while the test is under way: end it and begin another." for name in fixed}
        )
    _set(row, changed)
    row.phase += row.state == RUNNING and bool(changed.keys() & set(PHASED))
    _save(row, change)
    return row


@transaction.atomic
def start(test: Experiment, change: Change) -> Experiment:
    """From the next request on. Raises ValidationError where another one is under way for them."""
    row = _locked(test, DRAFT, doing="started")
    other = Experiment.objects.filter(account=row.account_id, user=row.user_id, state__in=UNDER_WAY).first()
    if other:
        whom = row.user or row.account or "everybody"
        raise ValidationError({"state": f"“{other}” (test {other.pk}) is under way for {whom}: end it first."})
    row.state, row.phase, row.started_at = RUNNING, 1, now()
    _save(row, change)
    return row


@transaction.atomic
def stop(test: Experiment, change: Change, by: str = "person") -> Experiment:
    """B gets no request any more: all who take part get A, until the test is declared or ended. Raises ValidationError."""
    row = _locked(test, RUNNING, doing="stopped")
    row.state, row.phase = STOPPED, row.phase + 1
    row.stopped_by, row.reason = by, change.reason[:300]
    _save(row, change)
    return row


@transaction.atomic
def end(test: Experiment, change: Change, by: str = "person") -> Experiment:
    """Nobody takes part any more; what the figures say may be declared later. Raises ValidationError."""
    row = _locked(test, *UNDER_WAY, doing="ended")
    row.stopped_by, row.reason = row.stopped_by or by, change.reason[:300]
    _end(row, change)
    return row


@transaction.atomic
def declare(test: Experiment, declared: str, as_default: bool, change: Change) -> Experiment:
    """Say that A, B or neither won, which ends the test; and make the winner the default where it was tested. Raises
    ValidationError."""
    row = _locked(test, *UNDER_WAY, ENDED, doing="declared")
    if row.declared:
        raise ValidationError({"declared": f"{row.get_declared_display()} is declared already."})
    if declared not in Declared.values:
        raise ValidationError({"declared": f"{declared!r} is none of {', '.join(Declared.values)}."})
    row.declared, row.reason = declared, change.reason[:300]
    if as_default and declared != Declared.NEITHER:
        row.applied = defaults.make_default(row, treatment(getattr(row, declared)), change)
    _end(row, change)
    return row


@transaction.atomic
def undo(test: Experiment, change: Change) -> Experiment:
    """Let what was the default before the winner became it be so again. Raises ValidationError."""
    row = _locked(test, ENDED, doing="undone")
    if not row.applied:
        raise ValidationError({"applied": "Nothing became the default by this test, or it was undone already."})
    defaults.undo(row, change)
    row.applied = {}
    _save(row, change)
    return row


@transaction.atomic
def discard(test: Experiment, change: Change) -> None:
    """Delete a draft. Raises ValidationError: a test that ran is kept."""
    history.delete([_locked(test, DRAFT, doing="deleted")], change)


def _locked(test: Experiment, *states: str, doing: str) -> Experiment:
    row = Experiment.objects.select_for_update(of=("self",)).select_related("account", "user").get(pk=test.pk)
    if row.state not in states:
        allowed = " or ".join(states)
        raise ValidationError({"state": f"A test that is {row.state} cannot be {doing}; it must be {allowed}."})
    return row


def _ordered(values: Mapping[str, Any]) -> dict[str, Any]:
    """With the guardrails in one order, so that the same ones are no change."""
    rails = values.get("guardrails")
    if not isinstance(rails, list) or not all(isinstance(each, Mapping) for each in rails):
        return dict(values)
    return {**values, "guardrails": sorted(rails, key=lambda each: str(each.get("measure")))}


def _set(test: Experiment, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(test, name, value)


def _end(row: Experiment, change: Change) -> None:
    if row.state != ENDED:
        row.state, row.ended_at = ENDED, now()
    _save(row, change)


def _save(row: Experiment, change: Change) -> None:
    """With a phase for each time in which nothing changed. What is not there any more is found when a test is to run."""
    if row.state in {DRAFT, RUNNING}:
        row.full_clean()
    history.stamp(row, change)
    row.save()
    if row.phase:
        _keep_phase(row, change)


def _keep_phase(row: Experiment, change: Change) -> None:
    open_ones = row.phases.filter(ended_at=None)
    moment = row.ended_at or now()
    open_ones.exclude(number=row.phase if row.state != ENDED else 0).update(ended_at=moment)
    if row.state == ENDED or open_ones.filter(number=row.phase).exists():
        return
    ExperimentPhase.objects.create(
        experiment=row, account_id=row.account_id, user_id=row.user_id, number=row.phase,
        share_b=0 if row.state == STOPPED else row.share_b, exposure=row.exposure, main=row.main,
        guardrails=row.guardrails, allocation=row.allocation, began_at=moment, reason=change.reason[:300],
    )  # fmt: skip
