"""What each look at a step leads to, and which plans are none."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from experiments.ab.types import SampleRatio
from experiments.rollouts import schedule
from experiments.rollouts.schedule import DEFAULT, Plan, Step, Verdict, judge
from tests.experiments.ab.found import SAID, findings

BEGAN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STEP, NEXT, ALL = Step(percent=5, minutes=30, units=3, requests=500), Step(percent=25), Step(percent=100)


def look(minutes: int = 40, following: Step = NEXT, **found: Any) -> Verdict:
    return judge(STEP, following, findings(BEGAN + timedelta(minutes=minutes), **found), BEGAN)


def test_a_step_goes_on_when_time_and_traffic_are_there_and_nothing_broke() -> None:
    assert look() == Verdict(deed="go on", said="1,000 requests by 10 users, none broke.")
    assert look(state="open").deed == "go on", "a small share looks for disasters, not for proof"


def test_a_broken_guardrail_rolls_back_at_once_whatever_is_missing() -> None:
    assert look(minutes=0, units=1, requests=7, state="broken") == Verdict(deed="roll back", said=SAID["broken"])


@pytest.mark.parametrize(
    ("found", "said", "is_waiting"),
    [
        ({"minutes": 10}, "It goes on to 25 % at 09:30 UTC if all guardrails hold.", False),
        ({"minutes": 1, "units": 0, "requests": 0}, "No user of these 5 % has asked for anything yet.", True),
        ({"units": 2}, "2 users of 3 asked for something so far.", True),
        ({"requests": 499}, "499 of 500 requests so far.", True),
        ({"minutes": 10, "requests": 499}, "499 of 500 requests so far.", False),
        ({"requests_a": 0}, "Nobody asked the release that is compared with.", True),
        (
            {"following": ALL, "state": "open"},
            f"Before everybody gets it, all guardrails must hold. {SAID['open']}",
            True,
        ),
        (
            {"ratio": SampleRatio(a=90, b=60, share_b=0.05, p=0.0001, fits=False)},
            "60 of 150 users got it, where 5 % were due: what is measured may be wrong. Find out why before going on.",
            True,
        ),
    ],
)
def test_what_is_missing_is_said_and_waited_for(found: dict[str, Any], said: str, is_waiting: bool) -> None:
    assert look(**found) == Verdict(deed="stay", said=said, is_waiting=is_waiting)


def plan(*percents: int, **values: int) -> Plan:
    return Plan(steps=tuple(Step(percent=each, **values) for each in percents), guardrails=DEFAULT.guardrails)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (DEFAULT, {}),
        (plan(100), {"steps": "There are 1 steps; allowed are 2 to 20, the last one 100 %."}),
        (plan(1, 5), {"steps[1].percent": "5 % is the last step; it must be 100 %."}),
        (plan(5, 5, 100), {"steps[1].percent": "5 is not from 6 to 100: shares grow from step to step."}),
        (plan(0, 100), {"steps[0].percent": "0 is not from 1 to 100: shares grow from step to step."}),
        (
            plan(1, 100, minutes=-1),
            {f"steps[{at}].minutes": "-1 is not from 0 to 43,200." for at in (0, 1)},
        ),
    ],
)
def test_a_plan_grows_to_everybody(given: Plan, told: dict[str, str]) -> None:
    assert schedule.problems(given) == told


def test_steps_are_made_of_columns_of_which_the_last_step_needs_nothing() -> None:
    columns = {"percents": (1, 50, 100), "minutes": (10, 20), "units": (1, 2), "requests": (5, 50)}
    assert schedule.from_columns(columns, ()).steps == (
        Step(percent=1, minutes=10, units=1, requests=5),
        Step(percent=50, minutes=20, units=2, requests=50),
        Step(percent=100),
    )
