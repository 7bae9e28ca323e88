"""Health and readiness. That a database which is gone is found out is asked of running processes (tests/faults), and so is the
order in which a process ends (tests/acceptance/test_ending.py)."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from routerhub import health
from routerhub.draining import Draining
from routerhub.gateway.snapshots.snapshots import shipped
from routerhub.health import _encoder, _snapshot

HERE, ELSEWHERE = ("127.0.0.1", 5), ("203.0.113.9", 5)


class Ledger:
    def __init__(self, answers: bool) -> None:
        self._answers = answers

    async def is_answering(self) -> bool:
        return self._answers


def asked(
    path: str, client: tuple[str, int], *, answers: bool = True, loaded_at: float | None = 0.0, ends: bool = False
) -> Any:
    app = Starlette(routes=[Route("/healthz", health.healthz), Route("/readyz", health.readyz)])
    snapshot = replace(shipped(), loaded_at=loaded_at)
    app.state.runtime = SimpleNamespace(
        ledger=Ledger(answers), snapshots=SimpleNamespace(current=snapshot), encoder=None
    )
    app.state.draining = Draining(0)
    app.state.draining.has_begun = ends
    return TestClient(app, client=client).get(path)


@pytest.mark.parametrize(
    ("loaded_at", "told"),
    [(None, "not loaded from the database yet"), (100.0, "ok"), (40.0, "ok"), (39.0, "not renewed for 61 s")],
)
def test_a_snapshot_that_nobody_renews_any_more_is_not_ready(loaded_at: float | None, told: str) -> None:
    assert _snapshot(replace(shipped(), loaded_at=loaded_at), now=100.0) == told


@pytest.mark.parametrize(
    ("failing", "check", "told"),
    [
        ({"answers": False}, "ledger", "the database does not answer"),
        ({"loaded_at": None}, "snapshot", "not loaded from the database yet"),
        ({"loaded_at": 0.0}, "snapshot", "not renewed for 100 s"),
        ({"ends": True}, "process", "is about to end"),
    ],
)
def test_what_cannot_take_requests_is_not_ready_and_alive(
    monkeypatch: pytest.MonkeyPatch, failing: dict[str, Any], check: str, told: str
) -> None:
    monkeypatch.setattr("routerhub.health.time.monotonic", lambda: 100.0)
    given = {"loaded_at": 100.0, **failing}
    answer = asked("/readyz", HERE, **given)
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert {name for name, result in answer.json()["checks"].items() if result != "ok"} == {check}
    assert answer.json()["checks"][check] == told
    assert asked("/healthz", HERE, **given).status_code == 200


@pytest.mark.parametrize(
    ("encoder", "told"),
    [
        (None, "none: ENCODER_SOCKET is not set"),
        (SimpleNamespace(is_up=True, version="a60c"), "up, version a60c"),
        (SimpleNamespace(is_up=False, address="/run/encoder.sock"), "does not answer at /run/encoder.sock"),
    ],
)
def test_how_the_encoder_stands_is_told_and_makes_nobody_unready(encoder: Any, told: str) -> None:
    assert _encoder(encoder) == told


@pytest.mark.parametrize(("answers", "status", "told"), [(True, 200, "ready"), (False, 503, "not ready")])
def test_whoever_may_not_read_the_metrics_is_told_the_status_alone(
    monkeypatch: pytest.MonkeyPatch, answers: bool, status: int, told: str
) -> None:
    monkeypatch.setattr("routerhub.health.time.monotonic", lambda: 100.0)
    answer = asked("/readyz", ELSEWHERE, answers=answers, loaded_at=100.0)
    assert (answer.status_code, answer.json()) == (status, {"status": told})
    assert asked("/healthz", ELSEWHERE).json() == {"status": "ok"}
