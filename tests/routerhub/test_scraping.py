"""Who may read /metrics. What is told are the gateway's own names."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from routerhub import environment, scraping
from routerhub.gateway.observation import metrics
from routerhub.metrics.sharing import Shared

TOKEN = "0123456789abcdef"
HERE, ELSEWHERE = ("127.0.0.1", 5), ("203.0.113.9", 5)


def asked(folder: Path, client: tuple[str, int], **headers: str) -> Any:
    app = Starlette(routes=[Route("/metrics", scraping.metrics)])
    app.state.shared = shared = Shared(folder)
    shared.start()
    try:
        return TestClient(app, client=client).get("/metrics", headers=headers)
    finally:
        shared.stop()


@pytest.mark.parametrize(
    ("token", "client", "headers", "status"),
    [
        ("", HERE, {}, 200),
        ("", ("::1", 5), {}, 200),
        ("", ELSEWHERE, {}, 401),
        ("", ("testclient", 5), {}, 401),
        ("", HERE, {"X-Forwarded-For": "203.0.113.9"}, 401),
        ("", ELSEWHERE, {"Authorization": "Bearer "}, 401),
        (TOKEN, ELSEWHERE, {"Authorization": f"Bearer {TOKEN}"}, 200),
        (TOKEN, HERE, {}, 401),
        (TOKEN, HERE, {"Authorization": "Bearer rh_of_an_account"}, 401),
        (TOKEN, HERE, {"Authorization": f"Basic {TOKEN}"}, 401),
    ],
)
def test_whoever_has_the_token_may_read_and_without_one_this_machine_alone(
    settings: Any, tmp_path: Path, token: str, client: tuple[str, int], headers: dict[str, str], status: int
) -> None:
    settings.METRICS_TOKEN = token
    answer = asked(tmp_path, client, **headers)
    assert answer.status_code == status
    assert ("routerhub_" in answer.text) == (status == 200)


def test_every_name_has_its_help_and_the_products_prefix(settings: Any, tmp_path: Path) -> None:
    assert metrics.PROCESSES.value == 0
    settings.METRICS_TOKEN = ""
    lines = asked(tmp_path, HERE).text.splitlines()
    assert all(re.match(r"# (HELP|TYPE) routerhub_\w+ \S|routerhub_", line) for line in lines)


@pytest.mark.parametrize("given", ["short", "0123456789 abcdef", "0123456789abcdeé"])
def test_a_token_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("METRICS_TOKEN", given)
    with pytest.raises(ImproperlyConfigured, match="METRICS_TOKEN is too short, or has a space"):
        environment.token("METRICS_TOKEN")
