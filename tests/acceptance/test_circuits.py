"""One of three hosts is pulled under load: no request fails, every process leaves it alone, and takes it back by one probe."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.stack import Stack, eventually, running_stack

pytestmark = pytest.mark.xdist_group("circuits")
MODEL = "one:model"
CLIENTS, ENOUGH = 12, 60
ANSWER = {
    "id": "x", "object": "chat.completion", "created": 1, "model": "model",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11},
}  # fmt: skip
PRICE = {
    "effective_from": "2026-01-01T00:00:00Z", "rates": {"input": "1", "output": "2"}, "source": "made up", "dated": "2026-01-01",
}  # fmt: skip


class Host:
    """A server of a model of one's own. Pulled, it breaks every connection."""

    def __init__(self) -> None:
        self.is_up = True
        self.answered = self.broken = 0
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                if not host.is_up:
                    host.broken += 1
                    self.close_connection = True
                    return
                host.answered += 1
                body = json.dumps(ANSWER).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"


class Load:
    """Clients that ask without a pause until they are told to stop."""

    def __init__(self, stack: Stack) -> None:
        self.statuses: list[int] = []
        self.ended = threading.Event()
        self._stack = stack
        self._threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]

    def _run(self) -> None:
        while not self.ended.is_set():
            self.statuses.append(self._stack.chat(model=MODEL, max_tokens=5)[0])

    @contextmanager
    def running(self) -> Iterator[None]:
        for each in self._threads:
            each.start()
        try:
            yield
        finally:
            self.ended.set()
            for each in self._threads:
                each.join()

    def wait_for_more(self) -> None:
        enough = len(self.statuses) + ENOUGH
        eventually(lambda: len(self.statuses) >= enough, within_s=30)


@pytest.fixture
def hosts() -> Iterator[list[Host]]:
    made = [Host(), Host(), Host()]
    yield made
    for each in made:
        each.server.shutdown()
        each.server.server_close()


@pytest.fixture
def stack(hosts: list[Host]) -> Iterator[Stack]:
    """Two processes, and a model that is served at the three hosts."""
    with running_stack(SANDBOX="off", CIRCUIT_OPEN_S="1", CIRCUIT_WINDOW_S="2") as running:
        names = ("one", "two", "three")
        for name, host in zip(names, hosts, strict=True):
            body = {"name": name, "title": name, "protocol": "openai", "base_url": host.address, "reason": "a test's"}
            assert running.call("/api/providers", body)[0] == 201
        places = [{"provider": name, "upstream_model": "model", "prices": [PRICE]} for name in names]
        model = {"id": MODEL, "name": "Model", "context_window": 1_000, "max_output": 100, "reason": "a test's"}
        status, made = running.call("/api/models", {**model, "deployments": places})
        assert status == 201, made
        for url in running.urls:
            eventually(lambda url=url: running.call(f"/v1/models/{MODEL}", url=url)[0] == 200)
        yield running


def subjects(stack: Stack) -> list[str]:
    return [each["subject"] for each in stack.call("/api/circuits")[1]["results"]]


def test_one_of_three_hosts_is_pulled_under_load_and_no_request_fails(stack: Stack, hosts: list[Host]) -> None:
    first, second, _ = hosts
    load = Load(stack)
    with load.running():
        load.wait_for_more()
        assert first.answered >= ENOUGH
        first.is_up = False
        eventually(lambda: subjects(stack) == ["one/model"], within_s=20)
        broken = first.broken
        load.wait_for_more()
        assert first.broken - broken <= 2 * CLIENTS, "but for what was under way and the probes, it is left alone"
        assert second.answered >= ENOUGH - CLIENTS
        first.is_up = True
        eventually(lambda: subjects(stack) == [], within_s=20)
        back_at = first.answered
        load.wait_for_more()
        assert first.answered > back_at
    assert set(load.statuses) == {200}
