"""A gateway is killed: the others go on, what it held is charged at its ceiling, and it comes back."""

import os
import signal
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest

from routerhub.embedded.processes import Child
from tests.faults.scene import Meanwhile, Scene
from tests.stack import eventually, wait_until_ready

pytestmark = pytest.mark.xdist_group("faults")
HELD = "SELECT operation_id, amount_nano FROM budgets_hold"
CHARGED = (
    "SELECT operation_id, amount_nano FROM budgets_ledgerentry WHERE outcome = 'unknown' AND operation_id = ANY (%s)"
)
SLOW: Mapping[str, Any] = {"latency_ms": 20_000}
WORDS: Mapping[str, Any] = {"chunk_delay_ms": 300, "output_tokens": 200}


def killed(child: Child) -> None:
    assert child.process is not None
    os.killpg(child.process.pid, signal.SIGKILL)
    child.process.wait()


def under_way(scene: Scene, is_there: Callable[[Meanwhile], bool] = lambda _: True, **request: Any) -> Meanwhile:
    """A request to the first gateway that the upstream was asked for and that has come so far."""
    before = scene.upstream.under_way
    asked = scene.meanwhile(url=scene.stack.url, **request)
    eventually(lambda: scene.upstream.under_way > before and is_there(asked))
    return asked


def test_a_gateway_killed_while_it_calls_leaves_holds_that_are_swept_at_their_ceiling(scene: Scene) -> None:
    asked = [
        under_way(scene, script=SLOW),
        under_way(scene, script=SLOW, stream=True),
        under_way(scene, lambda one: b'"content"' in one.so_far, script=WORDS, stream=True),
    ]
    held = dict(scene.rows(HELD))
    assert len(held) == len(asked)
    killed(scene.stack.gateways[0])
    assert [one.told.is_answered for one in asked] == [False, False, False]
    assert scene.ask(url=scene.stack.urls[1]).is_answered, "the others go on"
    eventually(lambda: scene.rows("SELECT sweep_holds(200)") and not scene.rows(HELD), within_s=15)
    assert dict(scene.rows(CHARGED, list(held))) == held
    scene.heal()
    assert scene.ask(url=scene.stack.url).is_answered


@pytest.mark.parametrize("phase", ["reserves", "settles"])
def test_a_gateway_killed_while_it_talks_to_the_database_leaves_nothing_half_done(scene: Scene, phase: str) -> None:
    if phase == "settles":
        asked = under_way(scene, script={"latency_ms": 700, "output_tokens": 5})
        scene.to_database.stall()
        eventually(lambda: scene.upstream.under_way == 0)
    else:
        scene.to_database.stall()
        asked = scene.meanwhile(url=scene.stack.url)
        eventually(lambda: not asked.so_far and scene.to_database.held > 0)
    killed(scene.stack.gateways[0])
    assert not asked.told.is_answered
    scene.to_database.heal()
    assert eventually(lambda: scene.ask(url=scene.stack.urls[1]).is_answered, within_s=10)


@pytest.mark.whole
def test_gateways_are_killed_at_random_under_load(scene: Scene) -> None:
    chance = Random(7)
    with scene.asking(8, stream=True, script={"chunk_delay_ms": 2, "output_tokens": 20}) as answers:
        for _ in range(10):
            enough = len([each for each in answers if each.is_answered]) + 40
            eventually(lambda enough=enough: len([each for each in answers if each.is_answered]) >= enough, within_s=60)
            at = chance.randrange(len(scene.stack.gateways))
            killed(scene.stack.gateways[at])
            scene.stack.gateways[at].start()
            wait_until_ready(scene.stack.urls[at], scene.stack.gateways[at])
    print(f"{len(answers)} requests, {sum(each.is_answered for each in answers)} answered, 10 processes killed")
