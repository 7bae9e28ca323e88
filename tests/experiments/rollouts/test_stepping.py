"""A release goes out step by step, is withdrawn by itself when a guardrail breaks, and ends when somebody else moves it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from budgets.models import Alert
from experiments.choices import RolloutState
from experiments.errors import RolloutRefused
from experiments.models import GradualRollout, RolloutStep
from experiments.rollouts import stepping
from experiments.rollouts.schedule import DEFAULT, Plan, Step
from routerhub.releases import rollout, store, switches
from routerhub.releases.errors import UnknownRelease
from routerhub.releases.models import Rollout
from routerhub.releases.types import Pointer
from tests.cast import Cast, because
from tests.experiments.ab.found import SAID, findings
from tests.releases.toys import toy_lines

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PLAN = Plan(
    steps=(Step(percent=1, minutes=5, requests=100), Step(percent=25, minutes=5, requests=500), Step(percent=100)),
    guardrails=DEFAULT.guardrails,
)


@pytest.fixture(autouse=True)
def tables(cast: Cast, file: Path) -> Iterator[dict[str, Any]]:
    """Release 1 of the router is live, 2 is a draft."""
    with toy_lines("router") as found:
        found["router"] = {"value": 1}  # type: ignore[index]
        store.publish("router", because("one"))
        store.store("router", {"value": 2}, because("two"))
        yield found  # type: ignore[misc]


@pytest.fixture
def gradual(cast: Cast) -> Iterator[GradualRollout]:
    with time_machine.travel(NOON, tick=False):
        yield stepping.start("router", 2, because("more for mid models", cast.ada.user), PLAN)


def looked(gradual: GradualRollout, minutes: int = 6, **found: Any) -> GradualRollout:
    """As it is after a look so many minutes after noon that found this."""
    gradual.refresh_from_db()
    moment = NOON + timedelta(minutes=minutes)

    def look(_gradual: GradualRollout, _step: RolloutStep) -> Any:
        return findings(moment, **found)

    with time_machine.travel(moment, tick=False):
        stepping.check(gradual, look)
    gradual.refresh_from_db()
    return gradual


def live() -> Pointer:
    return rollout.pointer("router")


def step(gradual: GradualRollout) -> RolloutStep:
    found: RolloutStep = gradual.steps.get(place=gradual.step)
    return found


def test_it_goes_from_step_to_step_until_everybody_has_it(gradual: GradualRollout, tables: dict[str, Any]) -> None:
    assert live() == Pointer(line="router", stable=1, candidate=2, percent=1)
    assert tables["router"] == {"value": 2}
    assert looked(gradual, 2).step == 1
    assert step(gradual).said == "It goes on to 25 % at 12:05 UTC if all guardrails hold."
    assert looked(gradual, 6).step == 2
    assert live() == Pointer(line="router", stable=1, candidate=2, percent=25)
    assert looked(gradual, 12, requests=200).step == 2
    assert (step(gradual).is_waiting, step(gradual).said) == (True, "200 of 500 requests so far.")
    assert looked(gradual, 20).state == RolloutState.DONE
    assert live() == Pointer(line="router", stable=2)
    assert gradual.said == "By itself: 1,000 requests by 10 users, none broke."
    assert gradual.steps.filter(ended_at=None).count() == 0
    assert stepping.check_all(lambda *_: findings(NOON)) == 0, "nothing is under way any more"


def test_a_broken_guardrail_takes_it_back_from_everybody_and_tells_with_figures(
    gradual: GradualRollout, tables: dict[str, Any]
) -> None:
    assert looked(gradual, 1, state="broken").state == RolloutState.ROLLED_BACK
    assert live() == Pointer(line="router", stable=1)
    assert tables["router"] == {"value": 1}, "the next save does not bring it back"
    alert = Alert.objects.get()
    assert (alert.kind, alert.state, alert.account) == ("rollout", "triggered", None)
    assert alert.title == f"Router release 2 was rolled back at 1 %: {SAID['broken']}"
    assert alert.figures == {
        "line": "router", "release": 2, "stable": 1, "percent": 1, "requests": 1_000, "requests_stable": 10_000,
        "users": 10, "users_stable": 100, "success": 0.966, "success_stable": 0.99, "success_margin": 0.01,
        "success_difference": -0.024, "success_low": -0.039, "success_high": -0.011,
    }  # fmt: skip
    assert (
        Rollout.history.order_by("-history_id").first().history_change_reason == f"By itself at 1 %: {SAID['broken']}"
    )


def test_a_held_one_stays_and_is_guarded_all_the_same(gradual: GradualRollout) -> None:
    stepping.pause(gradual.pk, because("over the weekend"))
    assert looked(gradual, 60).step == 1
    stepping.resume(gradual.pk, because("Monday"))
    assert looked(gradual, 61).step == 2
    stepping.pause(gradual.pk, because("lunch"))
    assert looked(gradual, 62, state="broken").state == RolloutState.ROLLED_BACK


def test_people_go_on_stop_and_roll_back(gradual: GradualRollout) -> None:
    assert stepping.advance(gradual.pk, because("it is safe")).step == 2
    assert stepping.stop(gradual.pk, because("a quarter is enough")).state == RolloutState.STOPPED
    assert live() == Pointer(line="router", stable=1, candidate=2, percent=25)
    rollout.rollback("router", None, because("again from the beginning"))
    again = stepping.start("router", 2, because("again"), PLAN)
    assert stepping.roll_back(again.pk, because("no")).state == RolloutState.ROLLED_BACK
    assert live() == Pointer(line="router", stable=1)
    with pytest.raises(RolloutRefused, match=r"has ended: Rolled back by hand at 1 %: no"):
        stepping.advance(again.pk, because("too late"))


def move_by_hand(cast: Cast, tables: dict[str, Any]) -> None:
    rollout.roll_out("router", 2, 50, because("faster", cast.ben.user))


def save(cast: Cast, tables: dict[str, Any]) -> None:
    tables["router"] = {"value": 3}
    store.publish("router", because("a bonus of 12", cast.ben.user))


@pytest.mark.parametrize(
    ("moved", "told"),
    [
        (move_by_hand, "Ended by ben, who made live release 1, and 2 for 50 % of the users: faster"),
        (save, "Ended by ben, who made live release 1, and 3 for 1 % of the users: a bonus of 12"),
    ],
)
def test_whoever_moves_the_pointer_meanwhile_ends_it(
    gradual: GradualRollout, cast: Cast, tables: dict[str, Any], moved: Callable[..., None], told: str
) -> None:
    moved(cast, tables)
    now = live()
    with pytest.raises(RolloutRefused, match="Ended by ben"):
        stepping.advance(gradual.pk, because("on"))
    assert looked(gradual, state="broken").state == RolloutState.STOPPED
    assert gradual.said == told
    assert live() == now, "what somebody did stays"
    assert not Alert.objects.exists()


def test_another_one_begins_at_once_where_somebody_ended_the_one_before(gradual: GradualRollout) -> None:
    rollout.rollback("router", None, because("again from the beginning"))
    assert stepping.start("router", 2, because("again"), PLAN).step == 1
    gradual.refresh_from_db()
    assert (gradual.state, gradual.said) == (
        RolloutState.ROLLED_BACK,
        "Ended by a command, who made live release 1 for everybody: again from the beginning",
    )


def test_a_switch_that_is_off_is_waited_for(gradual: GradualRollout) -> None:
    switches.turn("router", False, because("it decides badly"))
    assert looked(gradual).step == 1
    assert step(gradual).said == "USE_DB_MODELS is off: nobody gets release 2 until it is on."


@pytest.mark.parametrize(
    ("number", "plan", "told"),
    [
        (1, PLAN, {"release": "Release 1 is live already: there is nothing to compare it with."}),
        (
            2,
            Plan(steps=PLAN.steps[:2], guardrails=PLAN.guardrails),
            {"steps[1].percent": "25 % is the last step; it must be 100 %."},
        ),
    ],
)
def test_what_cannot_be_begun_is_told_and_nothing_moves(number: int, plan: Plan, told: dict[str, str]) -> None:
    with pytest.raises(RolloutRefused) as refused:
        stepping.start("router", number, because("x"), plan)
    assert refused.value.problems == told
    with pytest.raises(UnknownRelease):
        stepping.start("router", 9, because("x"), PLAN)
    assert live() == Pointer(line="router", stable=1)


def test_one_runs_at_a_time(gradual: GradualRollout) -> None:
    with pytest.raises(RolloutRefused, match="Release 2 is being rolled out by steps; one runs at a time"):
        stepping.start("router", 2, because("twice"), PLAN)
