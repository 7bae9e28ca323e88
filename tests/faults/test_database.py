"""PostgreSQL is stopped and started: spending is refused while it is away, running answers end, and nothing is lost."""

import signal

import pytest

from routerhub.embedded.postgres import Postgres
from tests.faults.scene import Scene
from tests.stack import eventually, wait_until_ready

pytestmark = pytest.mark.xdist_group("faults")
FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT
RECORDED = "SELECT outcome FROM analytics_record WHERE %s = ANY (tags)"


def stopped(database: Postgres, how: signal.Signals) -> None:
    assert database.child.process is not None
    database.child.process.send_signal(how)
    database.child.process.wait()


def dry_run(scene: Scene) -> int:
    return scene.stack.chat(model="auto", routerhub={"dry_run": True})[0]


def test_without_the_database_it_goes_on_deciding_but_refuses_to_spend(scene: Scene) -> None:
    assert scene.ask().is_answered
    stopped(scene.database, FAST)
    told = scene.ask()
    assert (told.status, told.code) == (503, "ledger_unavailable")
    assert told.took_s < 5
    assert dry_run(scene) == 200
    assert scene.stack.call("/readyz")[0] == 503
    scene.database.start()
    eventually(lambda: scene.ask().is_answered, within_s=20)


def test_a_short_absence_of_the_database_is_waited_for(scene: Scene) -> None:
    scene.to_database.cut()
    before = scene.to_database.connections
    asked = scene.meanwhile()
    eventually(lambda: scene.to_database.connections > before, within_s=2)
    scene.to_database.heal()
    assert asked.told.is_answered


def test_an_answer_that_comes_while_the_database_is_away_is_settled_when_it_is_back(scene: Scene) -> None:
    asked = scene.meanwhile(script={"latency_ms": 1_500, "output_tokens": 5})
    eventually(lambda: scene.upstream.under_way)
    stopped(scene.database, IMMEDIATE)
    assert asked.told.is_answered
    assert list(scene.spool.glob("*.spool"))
    scene.database.start()
    assert eventually(lambda: scene.rows(RECORDED, asked.told.name), within_s=20) == [("success",)]


def restarted_under_load(scene: Scene, times: int, clients: int = 8) -> None:
    """A request may be told to come again, since nobody knows whether its hold was kept. An answer has one record, one price."""
    with scene.asking(clients) as answers:
        for at in range(times):
            enough = len(answers) + 50
            eventually(lambda enough=enough: len(answers) >= enough, within_s=30)
            stopped(scene.database, (IMMEDIATE, FAST)[at % 2])
            scene.database.start()
        eventually(lambda: any(each.is_answered for each in answers[-clients:]), within_s=30)
    assert {each.status for each in answers} <= {200, 503}
    print(f"{len(answers)} requests, {sum(each.is_answered for each in answers)} answered, {times} restarts")


def test_the_database_restarts_under_load_and_no_answer_is_lost_or_paid_twice(scene: Scene) -> None:
    restarted_under_load(scene, times=2)


@pytest.mark.whole
def test_the_database_restarts_again_and_again_under_load(scene: Scene) -> None:
    restarted_under_load(scene, times=20)


def test_at_start_without_the_database_it_is_not_ready_and_calls_no_key_wrong(scene: Scene) -> None:
    gateway = scene.stack.gateways[0]
    gateway.stop()
    scene.to_database.cut()
    gateway.start()
    eventually(lambda: is_alive(scene), within_s=20)
    status, body = scene.stack.call("/readyz", url=scene.stack.url)
    assert (status, body["checks"]["snapshot"]) == (503, "not loaded from the database yet")
    told = scene.ask(url=scene.stack.url)
    assert (told.status, told.code) == (503, "keys_unavailable")
    scene.to_database.heal()
    wait_until_ready(scene.stack.url, gateway)


def is_alive(scene: Scene) -> bool:
    try:
        return scene.stack.call("/healthz", url=scene.stack.url)[0] == 200
    except OSError:
        return False
