"""Looks at the tests that run: what is found is kept, B is stopped where a guardrail is broken or the budget is spent, what ran
as long as planned ends, and where the allocation is adaptive new units go where it does better."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from django.db import connection, transaction

from budgets.alerts.raising import raise_alert
from budgets.alerts.types import Finding
from budgets.money import dollars, usd
from budgets.types import to_nano
from experiments.ab import findings_json, lifecycle
from experiments.ab.checking import guardrails
from experiments.ab.figures import ArmFigures, Question, Source, arm_figures, findings, of_phase
from experiments.ab.running import announce_change
from experiments.ab.statistics import allocating
from experiments.ab.types import Arm, Findings
from experiments.choices import Allocation, ExperimentState
from experiments.models import Experiment, ExperimentPhase, Look
from routerhub.audit.change import Change

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The period of an alert that has none."""
LOOKS_PER_TIME = 50
"""Looks that are kept lie at least this part of their phase's time apart: dense at first, about 400 in two weeks."""
MIN_STEP = timedelta(seconds=15)
REST, MAX_WAIT = 15, timedelta(seconds=45)
"""After a look follows so many times the time that it took, and at most that: beside a million records a look takes seconds."""
NEW_SHARE = 0.02
"""By so much the share of B must differ from what it is to be another one."""
SPENT = """
    SELECT coalesce(sum(cost_nano), 0)::bigint FROM analytics_record
    WHERE experiment = %s AND variant = 'b' AND created_at >= %s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """Why B is stopped."""

    by: str
    said: str
    figures: Mapping[str, str | int | float | None]


def look_at_all(moment: datetime) -> int:
    """Look at each test that runs. Returns how many were stopped or ended."""
    running = Experiment.objects.filter(state=ExperimentState.RUNNING).order_by("pk").values_list("pk", flat=True)
    return sum(look(number, moment) for number in list(running))


@transaction.atomic
def look(number: int, moment: datetime) -> bool:
    """Look at one test, unless somebody else does. True where it does not run any more."""
    waiting = Experiment.objects.select_for_update(of=("self",), skip_locked=True)
    test = waiting.filter(pk=number, state=ExperimentState.RUNNING).first()
    if test is None:
        return False
    phase = test.phases.get(number=test.phase)
    if _is_too_soon(newest(test, phase.number), moment):
        return False
    began = perf_counter()
    found = look_at(test, phase, moment)
    keep(test, found, round(1000 * (perf_counter() - began)))
    if broken := next(_broken(test, found, moment), None):
        _stop(test, broken, moment)
        return True
    if test.planned_end is not None and moment >= test.planned_end:
        days = f"{test.planned_days} days" if test.planned_days > 1 else "day"
        lifecycle.end(test, Change(reason=f"The planned {days} are over."), by="plan")
        return True
    if test.allocation == Allocation.ADAPTIVE:
        _allocate(test, arm_figures(_source(test, phase)))
    return False


def look_at(test: Experiment, phase: ExperimentPhase, moment: datetime) -> Findings:
    """What the records of a phase say."""
    return findings(_source(test, phase), question(test, phase), moment)


def _source(test: Experiment, phase: ExperimentPhase) -> Source:
    return of_phase(test.pk, phase.number, phase.began_at, phase.allocation == Allocation.ADAPTIVE)


def question(test: Experiment, phase: ExperimentPhase) -> Question:
    before = newest(test, phase.number)
    return Question(
        share_b=phase.share_b / 100, main=phase.main, guardrails=guardrails(phase.guardrails),  # type: ignore[arg-type]
        tuned_for=test.tuned_for, least_p=findings_json.least_p(before.findings) if before else 1.0,
        is_adaptive=phase.allocation == Allocation.ADAPTIVE,
    )  # fmt: skip


def newest(test: Experiment, phase: int) -> Look | None:
    return test.looks.filter(phase=phase).order_by("-at").first()


def _is_too_soon(last: Look | None, moment: datetime) -> bool:
    return last is not None and moment < last.at + min(MAX_WAIT, REST * timedelta(milliseconds=last.took_ms))


def keep(test: Experiment, found: Findings, took_ms: int) -> Look:
    """The newest look is always there; it takes the place of the one before where that is near to the one before it."""
    last, before = (*test.looks.filter(phase=test.phase).order_by("-at")[:2], None, None)[:2]
    began = test.phases.get(number=test.phase).began_at
    step = max(MIN_STEP, (found.at - began) / LOOKS_PER_TIME)
    if last is None or before is None or last.at - before.at >= step:
        last = Look(experiment=test, account_id=test.account_id, user_id=test.user_id, phase=test.phase)
    last.at, last.took_ms, last.findings = found.at, took_ms, findings_json.as_json(found)
    last.save()
    return last


def spent_nano(test: Experiment) -> int:
    """What B cost in all phases."""
    with connection.cursor() as cursor:
        cursor.execute(SPENT, [test.pk, test.started_at])
        return int(cursor.fetchone()[0])


def _broken(test: Experiment, found: Findings, moment: datetime) -> Iterator[Broken]:
    for each in found.guardrails:
        if each.state == "broken":
            of_measure = next(other for other in found.measures if other.measure == each.guardrail.measure)
            yield Broken(by=each.guardrail.measure, said=each.said, figures={
                "measure": each.guardrail.measure, "margin": each.guardrail.margin, "a": of_measure.a, "b": of_measure.b,
                "requests_a": found.requests_a, "requests_b": found.requests_b,
            })  # fmt: skip
    if test.budget_usd is not None and (spent := spent_nano(test)) >= (budget := to_nano(test.budget_usd)):
        yield Broken(
            by="budget", said=f"B cost {dollars(spent)} of the {dollars(budget)} that it may cost.",
            figures={"spent_usd": usd(spent), "budget_usd": usd(budget)},
        )  # fmt: skip


def _stop(test: Experiment, broken: Broken, moment: datetime) -> None:
    lifecycle.stop(test, Change(reason=broken.said), by=broken.by)
    raise_alert(
        Finding(
            kind="experiment", account_id=test.account_id, user_id=test.user_id,
            subject=f"experiment:{test.pk}:{test.phase}", period_start=NEVER, state="triggered",
            title=f"B of the A/B test “{test.name}” was stopped, everybody gets A: {broken.said}",
            figures={"test": test.pk, "at": moment.isoformat(), **broken.figures},
        )
    )  # fmt: skip


def _allocate(test: Experiment, arms: Mapping[Arm, ArmFigures]) -> None:
    """The share of B for new units from here on. No version of it is kept: each record has its own."""
    measure: Any = test.main
    share = allocating.share_b(measure, arms["a"].of(measure), arms["b"].of(measure), floor=test.floor / 100)
    now = test.share_b / 100 if test.share_b_now is None else test.share_b_now
    if abs(share - now) >= NEW_SHARE:
        Experiment.objects.filter(pk=test.pk).update(share_b_now=share)
        announce_change()
