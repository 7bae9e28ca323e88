"""Bad configuration: refused where it is saved, never taken where it got through, and a static release to fall back on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.faults.scene import Scene
from tests.stack import eventually, running_stack, wait_until_ready

pytestmark = pytest.mark.xdist_group("faults")
BREAK = "UPDATE releases_release SET bundle = '{}' WHERE line = 'router' RETURNING number"
MEND = "UPDATE releases_release SET bundle = %s WHERE line = 'router' RETURNING number"
TELL = "SELECT pg_notify('routerhub_changes', 'router')"
RELEASES = "SELECT line, number FROM releases_release ORDER BY line, number"


def releases(scene: Scene) -> Any:
    """Those by which the first gateway decides."""
    dry = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}], "routerhub": {"dry_run": True}}
    return scene.stack.call("/v1/chat/completions", dry, url=scene.stack.url)[1]["routerhub"]["releases"]


@contextmanager
def unreadable(scene: Scene) -> Iterator[None]:
    """The live release of the router, as nobody could have saved it."""
    ((bundle,),) = scene.rows("SELECT bundle::text FROM releases_release WHERE line = 'router'")
    scene.rows(BREAK)
    try:
        yield
    finally:
        scene.rows(MEND, bundle)
        scene.rows(TELL)


def test_a_release_that_cannot_be_read_leaves_a_running_gateway_as_it_was_and_a_new_one_static(scene: Scene) -> None:
    before, gateway = releases(scene), scene.stack.gateways[0]
    assert before["router"] == 1
    with unreadable(scene):
        scene.rows(TELL)
        assert scene.ask(model="auto").is_answered
        assert releases(scene) == before
        gateway.stop()
        gateway.start()
        wait_until_ready(scene.stack.url, gateway)
        assert releases(scene) == {**before, "router": 0}
        assert scene.ask(model="auto", url=scene.stack.url).is_answered
    eventually(lambda: releases(scene) == before)


@pytest.mark.parametrize(("switch", "line"), [("USE_DB_MODELS", "catalogue"), ("USE_DB_ROUTER_CONFIG", "router")])
def test_each_switch_turns_its_half_to_the_static_release(switch: str, line: str) -> None:
    with running_stack(processes=1, **{switch: "false"}) as stack:
        told = stack.chat()[1]["routerhub"]["releases"]
        assert told == {"catalogue": 1, "router": 1, line: 0}
        body = {"task": {"category": "coding", "complexity": "simple"}}
        assert stack.call("/api/routing/select", body)[1]["releases"] == told


BAD: Any = {
    "catalogue": ("PATCH", "/api/models/openai:gpt-4o-mini", {"context_tokens": -1}),
    "router": ("PATCH", "/api/router/configuration", {"nonsense": 1}),
    "prices": ("POST", "/api/prices", {"deployment": 1, "input": "-1"}),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_configuration_is_refused_and_requests_go_on_by_the_last_release(scene: Scene, what: str) -> None:
    method, path, body = BAD[what]
    before = scene.rows(RELEASES)
    status, problem = scene.stack.call(path, {**body, "reason": "to see it refused"}, method=method)
    assert status == 400
    assert problem["errors"]
    assert scene.rows(RELEASES) == before
    assert scene.ask().is_answered
