"""A clock is stepped, forwards and back, while requests run: the database's, by which leases and periods go, or a gateway's."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.clock import Steps
from tests.faults.scene import Scene
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("faults")
HOUR_S = 3_600
PERIODS: Sequence[str] = ("hour", "day")
NOW = "SELECT clock_timestamp()"
KINDS = """
    SELECT e.kind, e.outcome FROM budgets_ledgerentry e JOIN analytics_record r USING (operation_id)
    WHERE %s = ANY (r.tags) ORDER BY e.id
"""


def stepped(clock: Steps | None) -> Steps:
    if clock is None:
        pytest.skip("there is no C compiler here")
    return clock


@contextmanager
def limited(scene: Scene, period: str, amount_nano: int) -> Iterator[None]:
    """The account may spend so much in each of these periods."""
    limit = f"kind='account', subject=str(ApiKey.objects.first().account_id), measure='money', period={period!r}"
    run = "from budgets.models import ApiKey, Limit; "
    scene.stack.manage("shell", "--no-imports", "-c", f"{run} Limit.objects.create({limit}, amount={amount_nano})")
    try:
        yield
    finally:
        scene.stack.manage("shell", "--no-imports", "-c", f"{run} Limit.objects.filter({limit}).delete()")


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S])
def test_a_gateway_whose_clock_is_stepped_goes_on(scene: Scene, by_s: int) -> None:
    clock = stepped(scene.gateway_clock)
    asked = scene.meanwhile(stream=True, script={"chunk_delay_ms": 40, "output_tokens": 20})
    eventually(lambda: scene.upstream.under_way)
    clock.by(by_s)
    assert scene.ask().is_answered
    assert asked.told.is_answered
    clock.by(0)
    assert scene.ask().is_answered


def test_a_database_whose_clock_jumps_ahead_sweeps_what_is_under_way_and_corrects_it(scene: Scene) -> None:
    clock = stepped(scene.database_clock)
    asked = scene.meanwhile(script={"latency_ms": 2_000, "output_tokens": 10})
    eventually(lambda: scene.rows("SELECT 1 FROM budgets_hold"))
    ((before,),) = scene.rows(NOW)
    clock.by(HOUR_S)
    assert scene.rows(NOW)[0][0] - before >= timedelta(hours=1)
    eventually(
        lambda: scene.rows("SELECT swept FROM sweep_holds(200)") and not scene.rows("SELECT 1 FROM budgets_hold")
    )
    assert asked.told.is_answered
    assert scene.rows(KINDS, asked.told.name) == [("charge", "unknown"), ("correction", "success")]


@pytest.mark.parametrize("period", PERIODS)
def test_over_steps_of_the_databases_clock_no_period_lets_in_more_than_it_may(scene: Scene, period: str) -> None:
    clock = stepped(scene.database_clock)
    with limited(scene, period, 300_000), scene.asking(4) as answers:
        for by_s in (24 * HOUR_S, 0, -24 * HOUR_S, 0):
            enough = len(answers) + 20
            eventually(lambda enough=enough: len(answers) >= enough, within_s=20)
            clock.by(by_s)
    refused = [each for each in answers if not each.is_answered]
    assert refused
    assert {each.code for each in refused} == {"insufficient_quota"}
