"""Rollouts by steps: a release goes to more and more of the users, is compared at each step with the one that the others have,
and is withdrawn by itself, with an alert, when a guardrail breaks.

It moves the line's pointer as anybody does (routerhub.releases.rollout), which knows nothing of it. Whoever moves the pointer
otherwise meanwhile ends it. The pointer's row is locked first, then the rollout's.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone

from experiments.ab import checking, findings_json
from experiments.ab.types import Findings, Guardrail
from experiments.choices import RolloutState
from experiments.errors import RolloutRefused
from experiments.models import GradualRollout, RolloutStep
from experiments.rollouts import schedule, telling
from experiments.rollouts.schedule import DEFAULT, Plan, Step, Verdict
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.releases import lines, rollout, switches
from routerhub.releases.models import Rollout
from routerhub.releases.types import Pointer

Look = Callable[[GradualRollout, RolloutStep], Findings]
"""Compares the two releases since a step began."""


def plan_of(steps: Iterable[Mapping[str, int]], guardrails: Any) -> Plan:
    """A plan as it is given from outside; guardrails as JSON. Raises RolloutRefused."""
    return Plan(steps=tuple(Step(**each) for each in steps), guardrails=guardrails_of(guardrails))


def guardrails_of(given: Any) -> tuple[Guardrail, ...]:
    """Guardrails as JSON. Raises RolloutRefused."""
    try:
        return checking.guardrails(given)
    except ValueError as wrong:
        raise RolloutRefused({"guardrails": str(wrong)}) from wrong


def state_of(gradual: GradualRollout) -> str:
    """Its state; "waiting" where its step lacks more than time."""
    is_waiting = gradual.state == RolloutState.RUNNING and any(each.is_waiting for each in gradual.steps.all())
    return "waiting" if is_waiting else gradual.state


def newest(line: str) -> GradualRollout | None:
    """The line's newest rollout by steps, open or ended."""
    return GradualRollout.objects.filter(line=line).first()


def open_one(line: str) -> GradualRollout | None:
    """The one that is under way on a line."""
    return GradualRollout.objects.filter(line=line, state__in=RolloutState.open()).first()


def demand_open(line: str) -> GradualRollout:
    """The same. Raises RolloutRefused where there is none."""
    found = open_one(line)
    if found is None:
        raise RolloutRefused({"": f"Nothing is rolled out by steps on line {line}."})
    return found


def sentence(gradual: GradualRollout) -> str:
    """How it stands, for people."""
    if not gradual.is_open:
        return gradual.said
    step = step_of(gradual)
    held = f" Held: {gradual.said}" if gradual.state == RolloutState.PAUSED else ""
    return f"release {gradual.release} is at {step.percent} %, against {gradual.stable}. {step.said}{held}".strip()


@transaction.atomic
def start(line: str, number: int, change: Change, plan: Plan = DEFAULT) -> GradualRollout:
    """Give a release to the first share of the users, and go on from there by `plan`.

    Raises RolloutRefused, UnknownLine, UnknownRelease.
    """
    pointer = rollout.locked(line, change)
    demand_startable(line, number, plan)
    if overtaken_one := open_one(line):
        _note_overtaken(overtaken_one)
    gradual = GradualRollout(
        line=line, release=number, stable=pointer.stable, guardrails=[asdict(each) for each in plan.guardrails],
        reason=change.reason, author=change.author.get_username() if change.author else "", started_at=timezone.now(),
    )  # fmt: skip
    _save(gradual, change)
    RolloutStep.objects.bulk_create(
        RolloutStep(rollout=gradual, place=place, **asdict(step)) for place, step in enumerate(plan.steps, 1)
    )
    _move(gradual, change)
    return gradual


def demand_startable(line: str, number: int, plan: Plan) -> None:
    """Raises RolloutRefused with every problem, UnknownLine, UnknownRelease."""
    lines.find(line)
    rollout.demand_stored(line, number)
    if number == rollout.pointer(line).stable:
        raise RolloutRefused({"release": f"Release {number} is live already: there is nothing to compare it with."})
    if (running := open_one(line)) and not overtaken(running):
        one = f"Release {running.release} is being rolled out by steps; one runs at a time. Stop it or roll it back first."
        raise RolloutRefused({"": one})
    if problems := schedule.problems(plan):
        raise RolloutRefused(problems)


@transaction.atomic
def advance(gradual_id: int, change: Change) -> GradualRollout:
    """Go on to the next step now, whatever this one still lacks. Raises RolloutRefused."""
    gradual = _held(gradual_id, change)
    _go_on(gradual, change)
    return gradual


@transaction.atomic
def pause(gradual_id: int, change: Change) -> GradualRollout:
    """Stay at this step. It is looked at all the same, and rolled back if a guardrail breaks. Raises RolloutRefused."""
    return _set(gradual_id, RolloutState.RUNNING, RolloutState.PAUSED, change)


@transaction.atomic
def resume(gradual_id: int, change: Change) -> GradualRollout:
    """Go on by the plan. Raises RolloutRefused."""
    return _set(gradual_id, RolloutState.PAUSED, RolloutState.RUNNING, change)


@transaction.atomic
def stop(gradual_id: int, change: Change) -> GradualRollout:
    """Leave the release with the users who have it, and look no more. Raises RolloutRefused."""
    gradual = _held(gradual_id, change)
    said = f"Stopped at {step_of(gradual).percent} %, where it stays: {change.reason}"
    _end(gradual, RolloutState.STOPPED, said, change)
    return gradual


@transaction.atomic
def roll_back(gradual_id: int, change: Change) -> GradualRollout:
    """Take the release from everybody who has it. Raises RolloutRefused."""
    gradual = _held(gradual_id, change)
    _withdraw(gradual, f"Rolled back by hand at {step_of(gradual).percent} %: {change.reason}", change)
    return gradual


def check_all(look: Look) -> int:
    """Look at every rollout that is under way, and do what that leads to. Returns how many there were."""
    found = list(GradualRollout.objects.filter(state__in=RolloutState.open()))
    for gradual in found:
        check(gradual, look)
    return len(found)


def check(gradual: GradualRollout, look: Look) -> None:
    """Look at one. The figures are read before anything is locked; whoever did something meanwhile comes first."""
    step = step_of(gradual)
    if _is_overtaken(gradual, step):
        _note_overtaken(gradual)
        return
    found = look(gradual, step)
    with transaction.atomic():
        change = Change(reason=f"release {gradual.release} by steps")
        rollout.locked(gradual.line, change)
        current = GradualRollout.objects.select_for_update().get(pk=gradual.pk)
        if (current.state, current.step) != (gradual.state, gradual.step) or _is_overtaken(current, step):
            return
        verdict = _judged(current, step, found)
        RolloutStep.objects.filter(pk=step.pk).update(
            looked_at=found.at, is_waiting=verdict.is_waiting, said=verdict.said, findings=findings_json.as_json(found)
        )
        _obey(current, verdict, found, change)


def _judged(gradual: GradualRollout, step: RolloutStep, found: Findings) -> Verdict:
    following = gradual.steps.get(place=gradual.step + 1)
    verdict = schedule.judge(_value(step), _value(following), found, step.began_at or gradual.started_at)
    if verdict.deed != "roll back" and not switches.is_on(gradual.line):
        said = f"{lines.find(gradual.line).switch} is off: nobody gets release {gradual.release} until it is on."
        return Verdict(deed="stay", said=said, is_waiting=True)
    return verdict


def _obey(gradual: GradualRollout, verdict: Verdict, found: Findings, change: Change) -> None:
    if verdict.deed == "roll back":
        percent = step_of(gradual).percent
        _withdraw(gradual, f"By itself at {percent} %: {verdict.said}", change)
        telling.tell_rolled_back(gradual, percent, found)
    elif verdict.deed == "go on" and gradual.state == RolloutState.RUNNING:
        _go_on(gradual, change.because(f"By itself: {verdict.said}"))


def _go_on(gradual: GradualRollout, change: Change) -> None:
    gradual.steps.filter(place=gradual.step).update(ended_at=timezone.now(), is_waiting=False)
    gradual.step += 1
    _move(gradual, change)


def _move(gradual: GradualRollout, change: Change) -> None:
    """Give the release to the share of its step."""
    step, moment = step_of(gradual), timezone.now()
    rollout.roll_out(gradual.line, gradual.release, step.percent, change)
    is_last = step.percent == schedule.EVERYBODY
    gradual.steps.filter(pk=step.pk).update(began_at=moment, ended_at=moment if is_last else None)
    if is_last:
        _end(gradual, RolloutState.DONE, change.reason, change)
    else:
        gradual.state, gradual.said = RolloutState.RUNNING, ""
        _save(gradual, change)


def _withdraw(gradual: GradualRollout, said: str, change: Change) -> None:
    rollout.rollback(gradual.line, gradual.stable, change.because(said))
    _end(gradual, RolloutState.ROLLED_BACK, said, change.because(said))


def _end(gradual: GradualRollout, state: RolloutState, said: str, change: Change) -> None:
    gradual.state, gradual.said, gradual.ended_at = state, said, timezone.now()
    gradual.steps.filter(place=gradual.step).update(ended_at=gradual.ended_at, is_waiting=False)
    _save(gradual, change)


def _set(gradual_id: int, before: RolloutState, after: RolloutState, change: Change) -> GradualRollout:
    gradual = _held(gradual_id, change)
    if gradual.state != before:
        now = gradual.get_state_display().lower()
        raise RolloutRefused({"": f"The rollout is {now}; that takes one that is {before.label.lower()}."})
    gradual.state, gradual.said = after, change.reason if after == RolloutState.PAUSED else ""
    _save(gradual, change)
    return gradual


def _held(gradual_id: int, change: Change) -> GradualRollout:
    """The rollout, locked, with the pointer where it left it. Raises RolloutRefused."""
    line = GradualRollout.objects.values_list("line", flat=True).get(pk=gradual_id)
    rollout.locked(line, change)
    gradual = GradualRollout.objects.select_for_update().get(pk=gradual_id)
    if not gradual.is_open:
        raise RolloutRefused({"": f"The rollout of release {gradual.release} has ended: {gradual.said}"})
    if _is_overtaken(gradual, step_of(gradual)):
        raise RolloutRefused({"": _told(gradual)})
    return gradual


def _is_overtaken(gradual: GradualRollout, step: RolloutStep) -> bool:
    """Whether somebody moved the pointer since."""
    pointer = rollout.pointer(gradual.line)
    return (pointer.stable, pointer.candidate, pointer.percent) != (gradual.stable, gradual.release, step.percent)


@transaction.atomic
def _note_overtaken(gradual: GradualRollout) -> None:
    said = _told(gradual)
    change = Change(reason=said)
    rollout.locked(gradual.line, change)
    current = GradualRollout.objects.select_for_update().get(pk=gradual.pk)
    if current.is_open and _is_overtaken(current, step_of(current)):
        is_back = rollout.pointer(gradual.line) == Pointer(line=gradual.line, stable=gradual.stable)
        _end(current, RolloutState.ROLLED_BACK if is_back else RolloutState.STOPPED, said, change)


def overtaken(gradual: GradualRollout) -> str:
    """By whom one that nobody looked at since was ended, as a sentence; empty where it was not."""
    return _told(gradual) if gradual.is_open and _is_overtaken(gradual, step_of(gradual)) else ""


def _told(gradual: GradualRollout) -> str:
    """Who moved the pointer, whereto and why, as a sentence."""
    versions = Rollout.history.filter(line=gradual.line).order_by("-history_id")
    version = versions.select_related("history_user").first()
    who = version.history_user.get_username() if version.history_user else "a command"
    share = f", and {version.candidate} for {version.percent} % of the users"
    rest = " for everybody" if version.candidate is None else share
    return f"Ended by {who}, who made live release {version.stable}{rest}: {version.history_change_reason}"


def step_of(gradual: GradualRollout) -> RolloutStep:
    """The one under way, or the one that it ended at."""
    found: RolloutStep = gradual.steps.get(place=gradual.step)
    return found


def _value(step: RolloutStep) -> schedule.Step:
    return schedule.Step(percent=step.percent, minutes=step.minutes, units=step.units, requests=step.requests)


def _save(gradual: GradualRollout, change: Change) -> None:
    history.stamp(gradual, change)
    gradual.save()
