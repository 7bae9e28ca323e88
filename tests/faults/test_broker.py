"""Broker, worker and beat go away: no request notices, and what is left to do stands in the database."""

import pytest
from celery import Celery

from routerhub.gateway.batches.waking import TASK
from tests.acceptance.test_batches import CHAT, connected, ended, line, made
from tests.faults.scene import MODEL, Scene, working
from tests.faults.test_gateway import killed
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("faults")
LINES = 12
WORKER = ("--pool=threads", "--concurrency=1")
BEAT = ("--pidfile=",)


def lines(scene: Scene) -> list[dict[str, object]]:
    names = [scene.name({"latency_ms": 300, "output_tokens": 10}) for _ in range(LINES)]
    return [
        line(name, CHAT, model=MODEL, messages=[{"role": "user", "content": f"Say {name}."}], max_tokens=50,
             routerhub={"tags": ["fault", name]})
        for name in names
    ]  # fmt: skip


def test_without_the_broker_requests_are_answered_and_batches_taken(scene: Scene) -> None:
    killed(scene.broker.child)
    assert scene.ask().is_answered
    with connected(scene.stack, scene.stack.key) as client:
        batch = made(client, lines(scene))
        assert client.batches.cancel(batch.id).status in {"cancelling", "cancelled"}


@pytest.mark.whole
def test_a_batch_outlives_the_broker_and_its_worker_and_is_paid_for_once(scene: Scene) -> None:
    killed(scene.broker.child)
    with connected(scene.stack, scene.stack.key) as client:
        batch = made(client, lines(scene))
        scene.broker.start()
        with working(scene, "worker", *WORKER) as first:
            eventually(lambda: woken(scene) and scene.upstream.under_way > 0, within_s=20)
            killed(first)
        with working(scene, "worker", *WORKER):
            now = ended(client, batch, scene.broker.url)
    assert now.request_counts is not None
    assert (now.status, now.request_counts.total) == ("completed", LINES)


@pytest.mark.whole
def test_a_beat_that_was_killed_and_started_again_wakes_who_was_not_woken(scene: Scene) -> None:
    with connected(scene.stack, scene.stack.key) as client, working(scene, "worker", *WORKER):
        with working(scene, "beat", *BEAT) as first:
            killed(first)
        killed(scene.broker.child)
        batch = made(client, lines(scene))
        scene.broker.start()
        with working(scene, "beat", *BEAT):
            assert ended(client, batch).status == "completed"


def woken(scene: Scene) -> bool:
    """As beat does every ten seconds."""
    Celery(broker=scene.broker.url).send_task(TASK)
    return True
