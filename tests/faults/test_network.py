"""The network is cut, stalls, is slow or ends half-way: between gateway and database, upstream and clients."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.faults.proxy import Proxy
from tests.faults.scene import LEASE_S, Scene, Told
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("faults")
BREAKS: Mapping[str, Any] = {
    "cut": Proxy.cut,
    "stalled": Proxy.stall,
    "reset half-way": lambda proxy: proxy.reset_after(200),
}
SHORT = {("cut", False), ("stalled", True), ("reset half-way", True)}
WAYS = [
    pytest.param(how, is_stream, marks=() if (how, is_stream) in SHORT else pytest.mark.whole)
    for how in BREAKS
    for is_stream in (False, True)
]
FAILED = {502, 503, 504}
REFUSED_WITHIN_S = 5
"""The ledger's patience of two seconds, and a busy machine."""


@pytest.mark.parametrize("how", BREAKS)
def test_a_broken_network_to_the_database_refuses_in_time_and_is_forgotten_when_it_is_whole(
    scene: Scene, how: str
) -> None:
    asked = scene.meanwhile(script={"latency_ms": 700, "output_tokens": 5})
    eventually(lambda: scene.upstream.under_way)
    BREAKS[how](scene.to_database)
    told = scene.ask()
    assert (told.status, told.code) == (503, "ledger_unavailable")
    assert told.took_s < REFUSED_WITHIN_S
    assert asked.told.is_answered, "who was let in has the answer"
    scene.to_database.heal()
    eventually(lambda: scene.ask().is_answered, within_s=15)


@pytest.mark.parametrize("kind", ["session", "idempotency key"])
def test_while_the_database_stalls_what_is_kept_for_clients_is_told_to_be_away_in_time(scene: Scene, kind: str) -> None:
    """It is read over connections of its own."""

    def ask(key: str) -> Told:
        return scene.ask(session=key) if kind == "session" else scene.ask(headers={"Idempotency-Key": key})

    assert ask("before").is_answered
    scene.to_database.stall()
    told = ask("meanwhile")
    assert told.status == 503
    assert told.took_s < LEASE_S + REFUSED_WITHIN_S


def test_a_slow_network_to_the_database_is_only_slow(scene: Scene) -> None:
    scene.to_database.delay_s = 0.02
    assert all(scene.ask().is_answered for _ in range(3))


@pytest.mark.parametrize(("how", "is_stream"), WAYS)
def test_a_broken_network_to_the_upstream_is_an_error_that_is_charged_as_what_it_may_have_cost(
    scene: Scene, how: str, is_stream: bool
) -> None:
    BREAKS[how](scene.to_upstream)
    told = scene.ask(stream=is_stream)
    assert not told.is_answered
    assert told.status in FAILED | ({200} if is_stream else set())
    assert told.took_s < LEASE_S + REFUSED_WITHIN_S
    scene.to_upstream.heal()
    eventually(lambda: scene.ask(stream=is_stream).is_answered, within_s=10)


@pytest.mark.parametrize(("how", "is_stream"), WAYS)
def test_a_broken_network_to_the_client_ends_its_request_and_no_other(scene: Scene, how: str, is_stream: bool) -> None:
    url = f"http://127.0.0.1:{scene.to_gateway.port}"
    script = {"chunk_delay_ms": 30, "output_tokens": 60} if is_stream else {"latency_ms": 1_500}
    asked = scene.meanwhile(url=url, stream=is_stream, script=script)
    eventually(lambda: scene.upstream.under_way)
    BREAKS[how](scene.to_gateway)
    assert scene.ask(url=scene.stack.url).is_answered
    scene.to_gateway.heal() if how == "stalled" else None
    assert not asked.told.is_answered
