"""One of three hosts is pulled under load: no request fails, every process leaves it alone, and takes it back by one probe."""

import json
import socket
import struct
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.stack import Stack, eventually, running_stack

pytestmark = pytest.mark.xdist_group("circuits")
MODEL = "one:model"
ASKED: Mapping[str, Any] = {"model": MODEL, "max_tokens": 5}
CLIENTS, ENOUGH = 12, 60
WORDS, WRITING_S = 5, 0.02
PROBES = 3
"""So many at most while others answer ENOUGH requests: the first after a second, the next after two."""
UP, CLOSING, GONE, FAILING, RESETTING, HANGING = "up", "closing", "gone", "failing", "resetting", "hanging"
BROKEN = "a stream that had begun, with an error as its last event"
ANSWER = {
    "id": "x", "object": "chat.completion", "created": 1, "model": "model",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11},
}  # fmt: skip
CHUNK = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "model"}
WORD = f"data: {json.dumps({**CHUNK, 'choices': [{'index': 0, 'delta': {'content': 'Hi'}, 'finish_reason': None}]})}\n\n".encode()
END = f"""data: {json.dumps({**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})}

data: [DONE]

""".encode()
PRICE = {
    "effective_from": "2026-01-01T00:00:00Z", "rates": {"input": "1", "output": "2"}, "source": "made up", "dated": "2026-01-01",
}  # fmt: skip


class Host:
    """A server of a model of one's own. Pulled, it does what `way` says with every request, and breaks its streams."""

    def __init__(self) -> None:
        self.way = UP
        self.answered = self.broken = 0
        self.let_go = threading.Event()
        """Ends what hangs."""
        self._listen(0)

    def _listen(self, port: int) -> None:
        self.server = Server(("127.0.0.1", port), Handler)
        self.server.host = self
        self.port: int = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def pull(self, way: str) -> None:
        self.way = way
        if way == GONE:
            self.server.shutdown()
            self.server.server_close()

    def bring_back(self) -> None:
        if self.way == GONE:
            self._listen(self.port)
        self.way = UP
        self.let_go.set()
        self.let_go = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    host: Host

    def handle_error(self, *_: Any) -> None:
        """Whoever called has left."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        host = self.server.host
        if host.way != UP:
            host.broken += 1
            self._fail(host)
            return
        if body.get("stream"):
            self._stream(host)
        else:
            self._answer(200, ANSWER)
        host.answered += 1

    def _fail(self, host: Host) -> None:
        if host.way == FAILING:
            self._answer(500, {"error": {"message": "no"}})
            return
        self.close_connection = True
        if host.way == HANGING:
            host.let_go.wait()
        elif host.way == RESETTING:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _answer(self, status: int, answer: Mapping[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self._head(status, "application/json", Content_Length=str(len(body)))
        self.wfile.write(body)

    def _stream(self, host: Host) -> None:
        self._head(200, "text/event-stream", Connection="close")
        for _ in range(WORDS):
            self.wfile.write(WORD)
            time.sleep(WRITING_S)
            if host.way != UP:
                return
        self.wfile.write(END)

    def _head(self, status: int, kind: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Type": kind, **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class Load:
    """Clients that ask without a pause until they are told to stop; every second one for a stream."""

    def __init__(self, stack: Stack) -> None:
        self.came: list[str] = []
        """How each request ended."""
        self.ended = threading.Event()
        self._stack = stack
        self._threads = [threading.Thread(target=self._run, args=(at % 2 == 1,)) for at in range(CLIENTS)]

    def _run(self, is_stream: bool) -> None:
        while not self.ended.is_set():
            self.came.append(self._streamed() if is_stream else str(self._stack.chat(**ASKED)[0]))

    def _streamed(self) -> str:
        """As the whole answer is told, or as one that broke and said so."""
        url = self._stack.urls[next(self._stack.turn) % len(self._stack.urls)]
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._stack.key}"}
        body = json.dumps({**ASKED, "messages": [{"role": "user", "content": "Hi"}], "stream": True}).encode()
        request = urllib.request.Request(f"{url}/v1/chat/completions", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                events = response.read().split(b"\n\n")
        except urllib.error.HTTPError as error:
            with error:
                return str(error.code)
        assert events.pop() == b"", "no half event is ever written"
        is_broken = b'"error"' in events[-1] and b'"content"' in b"".join(events[:-1])
        return "200" if events[-1] == b"data: [DONE]" else BROKEN if is_broken else "cut"

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
        enough = len(self.came) + ENOUGH
        eventually(lambda: len(self.came) >= enough, within_s=30)


@pytest.fixture(scope="module")
def hosts() -> Iterator[list[Host]]:
    made = [Host(), Host(), Host()]
    yield made
    for each in made:
        each.server.shutdown()
        each.server.server_close()


@pytest.fixture(scope="module")
def stack(hosts: list[Host]) -> Iterator[Stack]:
    """Two processes, and a model that is served at the three hosts."""
    with running_stack(SANDBOX="off", CIRCUIT_OPEN_S="1", CIRCUIT_WINDOW_S="2", REQUEST_DEADLINE_S="6") as running:
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


@pytest.mark.parametrize(
    "way", [*(pytest.param(way, marks=pytest.mark.whole) for way in (CLOSING, FAILING, RESETTING)), GONE, HANGING]
)
def test_one_of_three_hosts_is_pulled_under_load_and_no_request_fails(
    stack: Stack, hosts: list[Host], way: str
) -> None:
    first, second, _ = hosts
    load = Load(stack)
    with load.running():
        load.wait_for_more()
        assert first.answered >= ENOUGH - CLIENTS
        first.pull(way)
        eventually(lambda: subjects(stack) == ["one/model"], within_s=20)
        load.wait_for_more()
        asked = first.broken
        load.wait_for_more()
        assert first.broken - asked <= PROBES, "but for one probe at a time over both processes, it is left alone"
        assert second.answered >= ENOUGH - CLIENTS
        first.bring_back()
        eventually(lambda: subjects(stack) == [], within_s=20)
        back_at = first.answered
        load.wait_for_more()
        assert first.answered > back_at
    broken = load.came.count(BROKEN)
    assert broken <= CLIENTS / 2, "what had begun when it was pulled"
    assert set(load.came) - {BROKEN} == {"200"}
